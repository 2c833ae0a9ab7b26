"""Which curve is the loss, which the learning rate: from tags to roles, by one ordered table.

A tag is read as words: "train/epoch_loss", "trainLoss" and "Loss/train" are all a loss, of the split
train. What it plays is decided by the first of these that knows it: the user's own table, the form of
a per-layer tag, the profile of a framework or field that the run's vocabulary gives away, the general
table. What only its neighbours can tell (a loss beside the total is a component) is settled last.
Rules describe how names are formed and list no names, so that unheard-of frameworks are read as well.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from typing import NamedTuple

from loglens.errors import ConfigError
from loglens.run import ROLES, Series


@dataclass(frozen=True, slots=True)
class Role:
    """What a curve plays: a name out of `ROLES` or None; train, val, test or None; its layer or None."""

    name: str | None
    split: str | None = None
    layer: str | None = None


#: One line a rule, the first that matches counts: a role, then how the words of its tags look. "when"
#: opens a profile: its rules hold in a run where some tag looks like each of the signatures between "&".
#: The words are lower case, without split and without digits except after a single letter: "lr/pg0" is
#: "lr pg", "mAP50-95(B)" is "map b", "f1" is "f1". "~" stands for any words between, "<x>" for an entry
#: of WORDS. "role@val" is the split where the name says none; with "role@none" there is none.
TABLE = r"""
when ^config
hparam              ^config .+
when ^time (batch|token|sample)$ & ^time epoch$
step                ^time batch$
samples             ^time sample$
tokens              ^time token$
when ^r$ & ^l$ & ^t$
rl_reward           ^r$
rl_episode_len      ^l$
time                ^t$
when ^t[re]l$ & ^s$|^t[re]l$
loss                ^trl$
loss@val            ^tel$
metric_higher@val   ^eval$
step                ^s$
when ^gnorm$|^wpb$ & ^ups$|^clip$
clip_frac_pct       ^clip$
when ^epoch loss$
lr@train            ^epoch learning rate
throughput@train    steps per second
when ^metrics map|<box> loss
loss_component      <box> loss
metric_higher@val   ^metrics (precision|recall|accuracy|miou|map)
when loss q0|lg loss scale
loss_component      ^(mse|vb|nll)( q\d)?$|loss q\d
when ^(rank )?data( loading| loader)? time$|^data$|^mfu$|^eta
step_time           ^time$
when loss dyn & loss rep
loss_component      ^loss .+
when ^num tokens$ & ^completions |^reward$
step_time@train     ^step time$
when ^ppo policy
step_time@train     ^time ppo total$
when recon|reconstruction|elbo|^vae
loss_component      kld?( \w+)?|elbo
when ^(cycle|idt) [ab]$
gan_d_loss          ^d [ab]$
gan_g_loss          ^g [ab]$
loss_component      ^(cycle|idt) [ab]$
when ^g gan$ & ^d fake$
gan_g_loss          ^g gan$
loss_component      ^(g l1|d real|d fake)$
when <rl>
loss_component      (ent coef|alpha|entropy coef\w*) loss|loss (alpha|ent coef)
rl_degenerate       frac\w* ~zero std|zero reward std|degenerate
rl_reward_std       (rewards?|rew|ret|returns?) ~std|std ~(rewards?|rew|ret|returns?)
rl_truncation       <text> ~clip\w*
rl_kl               kl[sd]?(?! (coeff?|target|weight|beta|loss coef))|policykl
rl_entropy_loss     ent(ropy)? loss
rl_entropy_coef     ent(ropy)? (coef\w*|weight|beta|temperature)|alpha( value)?$
rl_clip_frac        clip\w* ?(frac\w*|ratio|rate)
rl_q_value          ^(critic |agent )?v?(alues?|vals?)( <avg>)?$|value (estimate|function mean|mean)
rl_action_std       ^((action|policy|actor|model) )*(mean |log |noise )?std( mean)?$|standard deviation
rl_exploration      exploration|epsilon|eps
rl_reward           (<avg>|ep|episode|episodic) ~returns?( <avg>)?$
rl_return           returns?( stats?)?( <avg>)?$
rl_episode_len      ^length( <avg>)?$
rl_reward           ^(episode |ep |critic |<avg> )*(score ?)+( <avg>)?$
rl_policy_loss      loss (pi|a|clip)$|(pi|a) loss
rl_value_loss       loss [vc]$|[vc] loss
rl_importance_ratio ^(policy |ppo |<avg> )*ratio( <avg>)?$

always
ignore              hp metric|^keras$|image$
hparam              ((micro|mini)?batch|world|vocab|block|hidden|context) size|wpb|bsz|clip range|kl coeff?\w*
hparam              ^n(um)? (params|parameters|workers|gpus|layers|heads|envs)$|^seq(uence)? len(gth)?$|^gamma$
samples             samples vs steps|consumed ~samples|^(progress )?kimg$
samples             ^(n |num |total )*samples( seen)?$|(images|samples) seen
duplicate_axis      vs (samples|tokens|time|wall time|epochs?|flops)
samples_skipped     skipped ~(samples|steps?|iters?|iterations|batches|updates)|(samples|steps|iterations) skipped

tokens              ^(n |num |total |throughput |input |consumed |trained )*tokens?( seen| consumed| trained| total)*$
throughput@none     wps|ups
gpu_oom             ooms?|alloc\w* retries|out of memory
gpu_memory          (gpu|cuda|device)s? ~(mem|memory|alloc|reserved|vram)\w*|vram
gpu_util            gpus? (gpu|util\w*|usage|load)
host_memory         (system|host|cpu|proc|process|ram|virtual|rss|swap) ~mem\w*|rss|memory percent|^ram
gpu_memory          (peak|max|min|reserved|allocated|alloc|active|cached|current) ~mem(ory)?
gpu_memory          mem(ory)? ~(alloc\w*|reserved|active|peak|max|usage|used|cached|[gm]i?b|[gm]i b)
gpu_memory          (allocated|reserved) bytes|gb free|^(max )?mem(ory)?$
other               num ~(samples|anchors|boxes|proposals|examples|instances)|temp(erature)? c|power \w+|^cpu
data_time           data ~(time|secs?|ms|wait)|data ?load(er|ing)?(?! idx)|batch (load|prep)\w*
data_time           reader cost|(loader|load|reader|collect(ion)?|fetch|sampl(e|ing)|input) time|time s? ?(data|collect)
step_time           (<sec>|time) (per|this) <unit>|tim(e|ing) ?s? <unit>|^ms <unit>|^dt( ms)?$
step_time@none      elapsed time ~<unit>
step_time           <unit> ~(time|timing|duration)|<unit> (ms|avg|secs|seconds)$|batch cost|^timers? .+|end to end
flops               total (\w+ )?(flos|flops)$|flos|(flops|flos) seen
throughput          throughput|per s(ec)?(onds?)?|(<thing>s?|\w+s) s(ec|econd)?$|<thing>ps|[tfiqs]ps|tgs|speed
throughput          mfu|hfu|t?flops?( s| g| per gpu)?$|flops utilization
rl_reward           reward time
time@none           wall ?(time)?
time                (runtime|run time|timestamps?|elapsed|eta|duration)|relative time
time                total (time|secs?|seconds|hours)|time total( s)?$|^timing seconds$|time( s| ms| secs?| hours?)?$

epoch               ^(trainer |time |progress |current |global |info )*epochs?( num\w*| float| fraction)?$|^ep$
step                ^<counter>(<tick>s?|itr|interacts)( sampled| trained| total| lifetime| done| count| since restore)*$
momentum            mom(entum)?|adam beta
weight_decay        weight decay|wd$
hparam              ^max <grad> norm$|lrs? (scale|mult\w*|factor|ratio|decay|schedule)|(max|min|base|initial) lr
lr                  lrs?|learning ?rates?
overflow            ^((grad|opt|scaler|fp|num|loss scale|number of) )*overflows?
overflow            nan (count|iterations|steps|grads?|batches)|(num|number of) nans?|found inf|nonfinite
loss_scale          loss scal(e|er|ing)|(grad|gradient|amp|fp|scaler) scal(e|er)|scaler|dynamic scale
grad_noise          noise scale|gradient noise|gns
grad_zeros          num zeros|zero <grad>|<grad> ~zeros?
-                   (norm|loss|<grad>|acc|accuracy) (\w+ )?(threshold|limit|coef\w*|weights?|var|variance|std|skew\w*)$
-                   loss (\w+ )?(ratio|delta|diff|change|slope|count|improvement)$|delta loss
-                   <grad> (<avg>|abs <avg>)$
clip_frac_pct       (<grad> |norm )*clip\w* ?(frac\w*|rate|ratio|pct|percent\w*)|(frac\w*|pct|share) clipped
update_norm         (updates?|step) ~(norm|rms|l2|size)|updates? (ratio|scale|to)|norm updates?
update_norm         (update|<grad>|lr) (to )?(weight|param)\w*( ratio| norm)?
grad_rms            <grad> ~rms
grad_norm_global    <grad> ~(norms?|l2|magnitude)|(gg?|grad)norms?|norms? ~<grad>|^(global |total )?norm$
weight_norm_global  <weight> ~(norms?|l2|rms|magnitude)|(param|weight|[pw])norm|norms? ~<weight>
activation          (attention|attn) logits?|(<avg>) logits?$|logits? (<avg>)$|dead (relu|neuron|unit|feature)s?
activation          (zero|dead|saturated) (frac\w*|ratio|share)|saturation|sparsity
activation          ^act(ivation)?s?( <avg>| std| norm| rms)*$

gan_reg             [gd] reg|r1( penalty| reg| loss)?|pl penalty|<grad> penalty|gp|path length|lecam
gan_score_real      d x$|(scores?|signs?|d|dis|logits?|disc\w*) (out )?real( <avg>)?$|real (scores?|logits?|prob)
gan_score_fake      d g z\d*|(scores?|signs?|d|dis|logits?|disc\w*) (out )?fake( <avg>)?$|fake (scores?|logits?|prob)
loss_component      (d|disc\w*) loss (real|fake)|loss d (real|fake)
gan_d_loss          d loss|loss ?d( loss| total)?$|disc(riminator)? ~loss|loss (net )?disc\w*$|(err|net) ?d$
gan_g_loss          g loss|loss ?g( loss| total)?$|gen(erator)? ~loss|loss (net )?gen(erator)?$|(err|net) ?g$
gan_augment         progress augment|ada p|augment( p)?$

metric_higher       rewards? (accurac(y|ies)$|margins?)|win ?rates?
rl_truncation       trunc\w* (ratio|rate|frac\w*)|truncations?
rl_importance_ratio importance ~(ratio|weights?)|logp diff\w*
rl_episode_len      ep(isod(e|ic))?s? ~len(gth)?s?|(<avg>) ~length|<text> ~len(gth)?s?|ep ?len
rl_explained_var    expl(ained)? var(iance)?
rl_kl               approx ?kl
rl_clip_frac        clip ?frac(tion)?|clip ratio|ppo clip\w*
rl_policy_loss      (policy|actor|pg|surrogate) ((gradient|network) )?(loss|objective)|surrogate
rl_policy_loss      loss (policy|actor|pi|pg)
rl_value_loss       (value|vf|critic|qf|q\d?|baseline) ((function|network) )?loss|bellman (loss|error)
rl_value_loss       (?<!lm )loss (values?|critic|q\d?|vf?|qf|baseline)
rl_q_value          (q|qf|v|target) ~(values?|vals?|<avg>)|q\d (values?|vals?|<avg>)|qvals?|qvalues?
rl_success          success|solve rate
rl_reward           rewards?|rew|(ep|episode|episodic) ~(rew|return|ret|score)s?
rl_entropy          (?<!cross )entropy( <avg>)?$

metric_lower        (best|min|lowest) ~loss|loss (best|min)|ppl|perplexity
loss_max            max(imum)? ~loss|loss max
loss_summary        final ~loss|loss final
loss                loss|losses|xent|cross ?entropy|[bc]?ce|nll|criterion|objective|obj|cost|logloss|elbo|^ctc$
metric_lower        top err(or)?|errors?|err|[wctd]er|per$|lpips|bp[bcd]|bits per \w+|[nr]?r?mse|s?m?ape|mae
metric_lower        mean (squared|absolute)|false (negative|positive)s?|e?ece|brier|hamming|regret|eer|mcd|epe|[af]de
metric_lower@val    fid|kid|fvd
metric_higher@val   (coco)?aps?|ap[sml]|m?ap|m?ar|m?iou|s?bleu|rouge|meteor|cider|chrf|ndcg|mrr|hellaswag|mmlu|pass rate
metric_higher       accs?|accurac(y|ies)|top( k)?|f1|f (score|measure)|precision|recall|auc|auroc|auprc|roc|dice
metric_higher       jaccard|psnr|ssim|r2|mcc|matthews|pearson|spearman|kappa|exact match|em|hits?|sensitivity
metric_higher       specificity|inception score|correct|snr|s[id] sdr|sdr
"""

WORDS = {
    "grad": "grad(ient)?s?",
    "weight": "(param|parameter|weight|model|kernel)s?",
    "avg": "(mean|avg|average|max|min|median)",
    "sec": "(secs?|seconds|ms|s)",
    "tick": "(step|iter|iteration|update|timestep|frame|tick|batch|batche|episode)",
    "unit": "(it|iter|iteration|step|tick|kimg|batch|update|forward|backward|optimizer|learn(ing|er)?|grad)",
    "thing": "(it|iter|step|sample|tok|token|img|image|frame|example|batche|batch|seq|sequence|word|update)",
    "counter": r"((trainer|time|global|progress|current|total|env(ironment)?|num|n|number of|info|iter(ation)?|agent"
    r"|learner|metrics|update|gradient) )*",
    "text": "(response|completions?|prompt|total|generation|output|rollout|trajectory)",
    "box": "(box|k?obj|cls|dfl|seg|pose|[gd]?iou|rpn|mask|kpt)",
    "rl": r"(rewards?|rew|ep(isod(e|ic))? ?(len|ret|rew)\w*|rollout|actor|critic|advantages?|approx ?kl|policy)",
}

#: Roles that have no split, and roles that have one only where the name says so; all others train.
NO_SPLIT = frozenset(
    "epoch gan_augment gpu_memory gpu_oom gpu_util hparam host_memory ignore lr momentum rl_exploration "
    "samples step weight_decay".split()
)
SPLIT_IF_SAID = frozenset({"data_time", "step_time", "throughput", "time"})

SPLITS = {
    **dict.fromkeys("train training trn tr fit".split(), "train"),
    **dict.fromkeys("val valid validation validate eval evaluation evaluator dev heldout holdout cv".split(), "val"),
    **dict.fromkeys("test testing".split(), "test"),
}

#: Words of a loss's name that do not tell it from the total; that name the main objective, where there is
#: no total; that make it a part of one, whatever else there is.
NEUTRAL = frozenset(
    "loss losses reduced current total overall global all sum mean avg average running smoothed raw ema metric metrics "
    "stats scalars charts epoch batch step iter iters samples opt optimizer objective obj cost criterion value per vs "
    "iterations dataloader idx".split()
)
MAIN = frozenset("lm ce bce xent cross entropy crossentropy nll mlm ctc rnnt td seq mse".split())
PART = frozenset("aux auxiliary reg regularization penalty z balance balancing ptx commit commitment vq".split())
#: Metrics that are the loss of a run which logs no loss, in the order in which they are taken for it.
ERRORS = ("mse|mean squared error", "r mse|rmse", "mae|mean absolute error")

_STAT = r"(?:[\d.]+_|inf_|l[12]_|global_)?(?:norms?|l2|rms|mean|std|var|max|min|hist(?:ogram)?s?)"
_SHARE = r"sparsity|(?:zero|dead|saturated)_(?:frac\w*|ratio|share)|frac\w*_(?:zeros?|dead|saturated)|saturation"
#: What a per-layer tag measures: how it says so before the name of the layer, and how after it.
KINDS = {
    "grad": (rf"(?:(?:l2_)?norms?/)?grad(?:ient)?s?(?:[_/.-]?{_STAT})?",) * 2,
    "update": (r"(?:(?:l2_)?norms?/)?(?:grad(?:ient)?_)?updates?(?:_ratios?|_norms?|_rms|_to_weight(?:_ratio)?)?",) * 2,
    "activation": (rf"activations?(?:_\w+)?|dead(?:_\w+)?|{_SHARE}", rf"{_SHARE}|dead|act(?:ivation)?s?_{_STAT}"),
    "weight": (
        rf"(?:(?:l2_)?norms?/)?(?:weight|param(?:eter)?)s?(?:[_/.-]?{_STAT})?",
        rf"(?:weight|param(?:eter)?)s?[_/.-]?{_STAT}",
    ),
}
_WRAP = (
    r"^(?:(?:train(?:ing)?|val(?:id(?:ation)?)?|eval(?:uation)?|test|debug|stats|metrics?|monitor|logs?|watch"
    r"|opt(?:im(?:izer)?)?|scalars?|hist(?:ogram)?s?|summary)[/|])*"
)
_END = rf"(?:(?:/|(?<=weight)[._]|(?<=bias)[._])(?P<stat>{_STAT}|{_SHARE}))?$"
_MODULE = re.compile(
    r"\d|(?<![a-z])(?:weight|bias|kernel|gamma|beta|emb|embed|embedding|wte|wpe|conv|fc|linear|dense|layer|block"
    r"|attn|attention|mlp|ffn|lstm|gru|rnn|norm|ln|bn|head|encoder|decoder|backbone|neck|proj|qkv|out|output|input"
    r"|stem|tok|pos|classifier|expert|feature|hidden|act|relu|gelu|tanh)s?(?![a-z])",
    re.IGNORECASE,
)
_NO_LAYER = re.compile(
    r"(?:(?:global|total|all|overall|mean|avg|average|max|min|median|std|var|norms?|l2|rms|un|pre|post|before|after"
    r"|clip\w*|raw|step|epoch|train|scaler?|overflow|noise|num|zeros?|model|weights?|params?|parameters?|grad\w*|value|ratio"
    r"|fraction|rate|actor|critic|policy|agent|learner|generator|discriminator|[dg])(?:[_/. -]|$))+",
    re.IGNORECASE,
)

_HISTOGRAM = re.compile("/histogram$")
_WATCHED = re.compile("/histogram$|^(gradients|parameters)/.*(weight|bias)$")


def cast(
    tags: Sequence[str], *, histograms: Collection[str] = (), user: Mapping[str, str] | None = None
) -> dict[str, Role]:
    """The role of every tag, given all tags of a run together.

    histograms: the tags that are histograms, which play the roles of tensors only. user: globs of tags
    to "role" or "role@split", which go before everything else. Raises ConfigError for an unknown role.
    """
    wishes = [(glob, *_wish(glob, text)) for glob, text in (user or {}).items()]
    read = {tag: _read(tag) for tag in (*tags, *histograms)}
    general = _general({words for words, _ in read.values()})
    roles = {tag: _role(*general.get(words, (None, None)), said) for tag, (words, said) in read.items()}
    watched = not histograms and "timestamp" in general  # W&B: histograms, but a table of them does not say so
    tensors = {*histograms, *(tag for tag in tags if (_WATCHED if watched else _HISTOGRAM).search(tag))}
    for tag, (name, layer) in _layers(read, tensors).items():
        roles[tag] = _role(name, "none" if watched and name == "weight_hist" else None, read[tag][1], layer)
    given = set()
    for tag, (_, said) in read.items():
        for glob, name, split in wishes:
            if fnmatchcase(tag, glob):
                roles[tag] = _role(name, split, None if split else said, roles[tag].layer)
                given.add(tag)
                break
    return _settle(roles, {tag: words for tag, (words, _) in read.items()}, given)


def lead(candidates: Sequence[Series]) -> Series:
    """Of curves that play one role in one split, the one that a rule looks at.

    In this order: before clipping (what clipping hides is what matters), the total and not an extreme,
    a best or a smoothed value, the most points (per step rather than per epoch: onsets are seen there),
    the shortest name (the most general one), the one logged first.
    """

    def key(series: Series) -> tuple[bool, bool, int, int]:
        words = f" {_words(series.tag)} "
        clipped = re.search(r" clip(ped)? | (post|after) clip", words) and not re.search(r" (un|pre|before) ", words)
        partial = re.search(r" (max|min|best|final|ema|smooth|smoothed|running|std) ", words)
        return bool(clipped), bool(partial), -len(series), len(series.tag)

    return min(candidates, key=key)


@lru_cache(1 << 16)
def _words(tag: str) -> str:
    tag = re.sub("mAP|mAR|m?IoU", lambda found: found[0].lower(), tag)
    tag = re.sub("(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", tag).lower()
    tag = re.sub(r"([a-z])(?=loss(?:es)?\b)|(train|valid|val|test|eval)(?=acc)", r"\g<0> ", tag)
    return " ".join(re.findall(r"(?<![a-z])[a-z]\d+(?![a-z\d])|[a-z]+", tag))


def _read(tag: str) -> tuple[str, str | None]:
    """The words of a tag without those that name its split, and the split: the last one named."""
    words = _words(tag).split()
    said = [SPLITS[word] for word in words if word in SPLITS]
    return " ".join([word for word in words if word not in SPLITS] or words), said[-1] if said else None


def _role(name: str | None, split: str | None, said: str | None, layer: str | None = None) -> Role:
    """A role with its split: the one its name says, or else the table, or else train."""
    if name is None or split == "none":
        return Role(name, None, layer)
    if name in NO_SPLIT:
        return Role(name, split, layer)
    return Role(name, said or split or (None if name in SPLIT_IF_SAID else "train"), layer)


@cache
def _pattern(rule: str) -> re.Pattern[str]:
    rule = re.sub(r"<(\w+)>", lambda name: WORDS[name[1]], rule.replace("~", r"(\w+ )*"))
    return re.compile(rf"\b({rule})\b", re.MULTILINE)


def _general(vocabulary: Collection[str]) -> dict[str, tuple[str | None, str | None]]:
    """Role and split that the table knows for the words of tags; each rule looks over all of a run at once."""
    text = "\n".join(vocabulary)
    known: dict[str, tuple[str | None, str | None]] = {}
    holds = True
    for line in filter(None, TABLE.splitlines()):
        head, _, rule = line.partition(" ")
        if head in ("when", "always"):
            holds = all(_pattern(signature).search(text) for signature in filter(None, rule.split(" & ")))
        elif holds:
            name, _, split = head.partition("@")
            for found in _pattern(rule.strip()).finditer(text):
                start, end = text.rfind("\n", 0, found.start()) + 1, text.find("\n", found.end())
                known.setdefault(
                    text[start : end if end >= 0 else None], (name if name != "-" else None, split or None)
                )
    return known


@cache
def _shapes() -> tuple[tuple[str, bool, re.Pattern[str]], ...]:
    """How tags name a layer: what is measured, and whether that stands before the layer."""
    shapes = []
    for kind, (first, last) in KINDS.items():
        for before, shape in (
            (True, rf"(?P<kind>{first})[/.:](?P<layer>.+?)"),
            (False, rf"(?P<layer>.+?)[/._](?P<kind>{last})"),
        ):
            shapes.append((kind, before, re.compile(_WRAP + shape + _END, re.IGNORECASE)))
    return tuple(shapes)


class _Shape(NamedTuple):
    kind: str
    before: bool
    layer: str
    statistic: str

    @classmethod
    def of(cls, tag: str) -> _Shape | None:
        for kind, before, shape in _shapes():
            found = shape.match(tag)
            if found and not _NO_LAYER.fullmatch(found["layer"]):
                return cls(kind, before, found["layer"], f"{found['kind']} {found['stat'] or ''}".lower())
        return None

    @property
    def sure(self) -> bool:
        """Whether this one tag is enough to know that it names a layer."""
        says = self.before and re.search("norm|l2|rms|ratio|act|dead", self.statistic)
        return bool(says or _MODULE.search(self.layer))

    def role(self, *, tensor: bool) -> str | None:
        if self.kind == "update":
            return "update_norm"
        if self.kind == "activation":
            return "activation"
        if tensor or "hist" in self.statistic:
            return f"{self.kind}_hist"
        if re.search(r"(mean|std|var|max|min)\b", self.statistic):
            return None  # no norm: means cancel out, an extreme is one element
        if self.kind == "weight":
            return "weight_norm_global"
        return "grad_rms" if re.search("(?<![a-z])rms", self.statistic) else "grad_norm_layer"


def _layers(tags: Iterable[str], tensors: Collection[str]) -> dict[str, tuple[str | None, str | None]]:
    """Role and layer of the tags that tell of one layer, and of all tensors.

    Whether "tok/grad_norm" names a layer or a part of the program is told by its neighbours: others of
    the same shape that name a module beyond doubt, or three of it.
    """
    shapes = {tag: shape for tag in tags if (shape := _Shape.of(tag))}
    shared = {shape[:2] for tag, shape in shapes.items() if shape.sure or tag in tensors}
    often = Counter(shape[:2] for shape in shapes.values() if shape.kind == "grad")
    found: dict[str, tuple[str | None, str | None]] = {
        tag: (shape.role(tensor=tag in tensors), shape.layer)
        for tag, shape in shapes.items()
        if shape[:2] in shared or often[shape[:2]] > 2
    }
    layers = {layer for _, layer in found.values()}
    for tag in tensors:
        if tag not in found:
            layer = re.sub(f"{_WRAP}|/histogram$", "", tag, flags=re.IGNORECASE)
            if layer in layers or re.search(r"weight|bias|kernel|gamma|beta|embedding|[./]\d", tag):
                found[tag] = "weight_hist", layer
            else:
                found[tag] = ("activation", layer) if re.search("act|relu|hidden|output|feature", tag) else (None, None)
    return found


def _settle(roles: dict[str, Role], words: Mapping[str, str], given: Collection[str]) -> dict[str, Role]:
    """What only its neighbours tell of a tag: which of several losses is the total, and what stands in for it."""
    settled = dict(roles)
    for tag in _parts(roles, words, given):
        settled[tag] = replace(roles[tag], name="loss_component")
    if "total flos" in words.values() or "runtime" in words.values():  # train_loss is the mean of the whole run
        for tag in settled.keys() - given:
            if tag.endswith("train_loss") and f"{tag[:-10]}loss" in settled:
                settled[tag] = replace(settled[tag], name="loss_summary")
    if not any("loss" in (role.name or "") for role in settled.values()):
        for error in ERRORS:
            stand_ins = [tag for tag in settled.keys() - given if re.search(rf"\b({error})$", words[tag])]
            if stand_ins:
                return settled | {tag: replace(settled[tag], name="loss") for tag in stand_ins}
    return settled


def _parts(roles: Mapping[str, Role], words: Mapping[str, str], given: Collection[str]) -> set[str]:
    """The losses that are a part of another one, split by split.

    Losses of the best rank in their split are the loss, unless several names are equally good. Of a
    validation split, names that training does not know are those of data sets.
    """
    ranks: dict[str | None, dict[str, tuple[int, frozenset[str]]]] = {}
    for tag, role in roles.items():
        if role.name == "loss" and tag not in given:
            ranks.setdefault(role.split, {})[tag] = _rank(tag, words[tag])
    said = {roles[tag].split for tag in given if roles[tag].name == "loss"}
    trained = {named for _, named in ranks.get("train", {}).values()}
    players = any(re.match("(rl|gan)_.*_loss", role.name or "") for role in roles.values())
    parts = set()
    for split, losses in ranks.items():
        best = min(rank for rank, _ in losses.values()) if split not in said else -1
        names = {named for rank, named in losses.values() if rank == best}
        worst = best if len(names) < 2 or (split != "train" and not names & trained) else best - 1
        parts |= {tag for tag, (rank, _) in losses.items() if rank > min(worst, 2 if players else 3)}
    everywhere = {ranks[roles[tag].split][tag] for tag in parts}
    return parts | {
        tag for losses in ranks.values() for tag, rank in losses.items() if rank[0] > 2 and rank in everywhere
    }


def _rank(tag: str, words: str) -> tuple[int, frozenset[str]]:
    """How likely a loss is the total, and the words by which it differs from a plain loss.

    0: by none. 1: by its path alone. 2: it is a main objective. 3: something else. 4: always a part.
    """
    named = frozenset(words.split()) - NEUTRAL
    if named & PART:
        return 4, named
    if not named:
        return 0, named
    path, _, last = tag.rpartition("/")
    if path and not set(_read(last)[0].split()) - NEUTRAL:
        return 1, named
    return (2 if named & MAIN else 3), named


def _wish(glob: str, text: str) -> tuple[str, str | None]:
    """The role and the split that the user gave for a glob of tags."""
    name, _, split = text.partition("@")
    for word, known in ((name, ROLES), (split or "none", ("train", "val", "test", "none"))):
        if word not in known:
            near = " or ".join(difflib.get_close_matches(word, known, 3, 0.4) or ("loss", "grad_norm_global", "lr"))
            raise ConfigError(f"roles: {glob!r} = {text!r}: there is no {word!r}; did you mean {near}?")
    return name, split or None
