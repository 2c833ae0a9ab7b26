"""The table from names of metrics to roles, as data. `roles.from_tags` applies it."""

from __future__ import annotations

#: One line a rule, the first that matches counts: a role, then how the words of its tags look. "when"
#: opens a profile: its rules hold in a run where some tag looks like each of the signatures between "&".
#: The words are lower case, without split and without digits except after a single letter: "lr/pg0" is
#: "lr pg", "mAP50-95(B)" is "map b", "f1" is "f1". "~" stands for any words between, "<x>" for an entry
#: of WORDS. "role@val" is the split where the name says none; with "role@none" there is none.
#: The last word says what a thing is: "duration loss" is a loss, "loss scale" and "loss acc" are none. So
#: the rule for names that end in "loss" precedes rules for their other words.
TABLE = r"""
when ^config
hparam              ^config .+
when ^time (batch|token|sample)$ & ^time epoch$
step                ^time batch( in epoch)?$
samples             ^time sample$
tokens              ^time token$
when ^policy accuracy$ & ^value accuracy$
loss_component      ^(policy|value|moves|mse|reg)( loss)?$
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
when ^(rank )?data( loading| loader)? time$|^data$|^mfu$|^tok s$|^eta
step_time           ^time$
when loss dyn & loss rep
loss_component      ^loss .+
when ^time$ & ^data$
data_time           ^data$
when ^num tokens$ & ^completions |^reward$
step_time@train     ^step time$
when ^ppo policy
step_time@train     ^time ppo total$
when reco|recon|reconstruction|n?elbo|^vae
loss_component      kld?(?! (coef|weight|beta|mult\w*|anneal\w*))( \w+)?|(?<!neg )elbo(?! loss)|^reco(n\w*)?( <tick>)?$
when ^(cycle|idt) [ab]$
gan_d_loss          ^d [ab]$
gan_g_loss          ^g [ab]$
loss_component      ^(cycle|idt) [ab]$
when ^generator$ & ^discriminator$
gan_d_loss          ^discriminator$
gan_g_loss          ^generator$
when ^g gan$ & ^d fake$
gan_g_loss          ^g gan$
loss_component      ^(g l1|d real|d fake)$
when ^<d> & ^<g>
gan_d_loss          ^<d> total$
gan_g_loss          ^<g> total$
loss_component      ^<g> (\w+ )?(l[12]|fm|pl|vgg|percep\w*|rec\w*|feat\w* match\w*)( \w+)?$
when <d> loss|loss(es)? <d>$ & <g> loss|loss(es)? <g>$
-                   (^| )<d> (real |fake )?acc(s|u|uracy)?( real| fake)?$|acc(uracy)? (<d>|real|fake)$
when <rl>|(un)?discounted return|pi loss
-                   target entropy|(rewards?|rew|returns?) var(iance)?$
rl_reward           rewards? (with|plus|minus|before|after) .+|kl rewards?$
metric_higher       (pearson|spearman)( r)?$
loss_component      ^loss(es)? (rewards?|discount|cont(inue)?|obs\w*|image)$
loss_component      (ent coef|alpha|entropy coef\w*) loss|loss (alpha|ent coef)
rl_degenerate       frac\w* ~zero std|zero reward std|degenerate
rl_reward_std       (rewards?|rew|ret|returns?) ~std|std ~(rewards?|rew|ret|returns?)
rl_truncation       <text> ~clip\w*|truncated( <avg>)?$
rl_kl               kullback|d?kl[sd]?(?! (coeff?|target|weight|beta|mult\w*|loss coef))|policykl
rl_entropy_loss     ent(ropy)? loss
rl_entropy_coef     ent(ropy)? (coef\w*|weight|beta|temperature)|alpha( value)?$
rl_clip_frac        clip\w* ?(frac\w*|ratio|rate)|frac\w* clipped
rl_q_value          ^(critic |agent |state )?v?(alues?|vals?)( <avg>)?$|value (estimate|function mean|mean)
rl_q_value          pred\w* values?$|values? pred\w*$|<avg> (values?|[qv])$|^(qf|[qv])\d?( target)?( <avg>)?$
rl_q_value          [qv]\d? ?pred\w*( <avg>)?$|(critic|target) q\d?$
rl_action_std       ^((action|policy|actor|model|dist\w*|mean|log|noise) )*std( mean)?$|standard deviation
rl_episode_len      (^|path |<avg> )(len(gth)?s? ?)+( <avg>)?$|\w*steps? per ep(isode)?|^<avg> steps$|ep(isode)? steps$
rl_episode_len      seq(uence)? ?len(gth)?s?( <avg>)?$
rl_exploration      explor(e|ation|ing)( (rate|var|eps\w*|noise|frac\w*|prob\w*|param\w*))*$
rl_exploration      expl (amount|noise|rate)|(?<!clip )(epsilon|eps)
rl_entropy          (policy|actor|action|pi) ent(ropy)?$|\w+ ent$|^(policy h|h( pi)?)$
-                   ^act(ion)?s? (<avg>|std)$
rl_reward           (<avg>|ep|episode|episodic|rollout) ~returns?( <avg>)?$|return <avg>$|rollout return
rl_reward           undiscounted returns?
rl_return           (returns?|^<told>*ret)( stats?)?( <avg>)?$
rl_reward           ^(episode |ep |critic |objective |game |(\w+ )*normali[sz]ed |<avg> )*(scores? ?)+( <avg>)?$
rl_policy_loss      loss (pi|a|action|clip|objective)$|(pi|a|p|objective|action) loss|pi \w+ loss$
rl_value_loss       loss [vc]$|[vc] loss
rl_importance_ratio ^(policy |ppo |<avg> )*ratios?( <avg>)?$|^policy ratio|probs? ratio|^(loss(es)? )?importance$

when ^(ce mean words|cost|gnorm)$
metric_higher@val   ^translation$
when ^l1$ & ^psnr( |$)
loss                ^l1$
when ^r$ & ^<avg> q$|^n updates$
rl_reward           ^r$
when ^hr( |$) & ^ndcg( |$)
metric_higher@val   ^hr$
when ^g n$ & ^ppl$
grad_norm_global    ^g n$
when ^p$ & ^r$ & ^map( |$)
metric_higher@val   ^[pr]$
when loss tok vec|^loss (ner|tagger|parser|textcat)|^(tok vec|ner|tagger|parser|textcat) loss
metric_higher@val   ^(ents|tag|dep|sents|cats|morph|lemma|pos|spans sc)( (acc|uas|las|macro|micro))*( [fpr])?$|^score$
when ^p$ & ^r$ & ^f\d?( score)?$
metric_higher       ^[prf]$
when ^se$ & ^sp$ & ^(f1|js|dc|pc|acc)$
metric_higher       ^(se|sp|pc|js|dc|ppv|npv)$
when ^exact$ & ^start$
metric_higher       ^(exact|start|end)$
when ^r$ & ^e$ & ^[ac]loss$|^[ac] loss$|^fps$
rl_reward           ^r$
rl_episode_len      ^l$
when ^alpha$ & entropy$ & words per s
lr                  ^alpha$
loss                entropy$
when ^mrr$ & ^mr$
metric_lower@val    ^mr$
when ^eps(ilon)?$ & ^(<avg> )*scores?$
rl_reward           ^(<avg> )*scores?$
when ^<avg> rms$ & ^skip ratio$
metric_lower        ^(delta|<avg> rms|char|word)$
when ^since last$
loss                ^since last$
when ndcg( |$)|^hit( <avg>| ratio)?$
metric_higher@val   ^(recall|precision|hit|hit ratio)$
when ^pseudo dice
metric_higher@val   pseudo dice$

when generator|^<g>( \w+)* (loss|cost)|loss(es)? <g>$ & critic
gan_d_loss          ^<told>*(loss(es)? critic|critic( (loss|cost))?)$
always
metric_higher       (accs?|accu|accurac(y|ies))$
-                   fan ?speed|fan$
-                   (^|(acc|accuracy|auc|map|ndcg|error|err|loss|logloss|r?mse|mae|mape|f1|score)s?( <avg>)? )std(dev)?$
metric_higher       norm(alized)? (ed|edit dis(t(ance)?)?)$
grad_norm_global    <grad> norms? (of )?(\w+ )*loss( \w+)?$|^<grad> (actor|critic|policy|value|world model)$
lr                  step ?sizes?$
ignore              hp metric|^keras$|image$
hparam              ((micro|mini)?batch|world|vocab|block|hidden|context) size|wpb|bsz|clip (range|eps\w*|coef\w*)
hparam              kl coeff?\w*
hparam              ^((n|num|total|trainable) )*param(eter)?s$|^n(um)? (\w+ )?(workers|gpus|layers|heads|envs)$|^gamma$
hparam              (^|seqlen |curriculum )seq(uence)? ?len(gth)?$
samples             samples vs steps|consumed ~samples|^(progress )?kimg$
samples             ^<counted>samples$|^<counted>total (num )?<item>$|<item> (seen|processed|consumed)
duplicate_axis      vs (samples|tokens|time|wall time|epochs?|flops)
samples_skipped     skipped ~(samples|steps?|iters?|iterations|batches|updates)|(samples|steps|iterations) skipped
tokens              ^<counted>([kmgt]|[mbtr]+illion )?tokens?( [bmk]| so far| seen| (consum|process|train)\w+| total)*$
tokens              (total|cum(ulative)?) (num )?tokens$
samples             ^(\w+ )*\w+s seen$

loss_scale          loss scal(e|er|ing)|(grad|gradient|amp|fp|scaler) scal(e|er)|scaler|dynamic scale
-                   (norm|<grad>|acc|accuracy) (\w+ )?(threshold|limit|coef\w*|weights?|var|variance|std|skew\w*)$
-                   loss (\w+ )?<about>$|delta loss
-                   <grad> norms? (\w+ )?ratio|lrs? (warm ?up|patience|plateau|scheduler|drops?|reductions?)
metric_higher       ^loss(es)? ~(<acc>|precision|recall)$
gan_reg             [gd] reg|r1( penalty| reg| loss)?|pl penalty|<grad> penalty|gp|path length|lecam
loss_component      <d> (loss (real|fake)|(real|fake) loss)|loss d (real|fake)
gan_d_loss          <d>( total| gan| adv\w*)? loss( total| gan| all| <avg>| step| epoch)*$|^<d> cost$
gan_d_loss          loss(es)? ?(total )?<d>( total| loss| gan| adv)?$|(err|net) ?d$
gan_g_loss          <g>( total| gan| adv\w*)? loss( total| gan| all| <avg>| step| epoch)*$|^<g> cost$
gan_g_loss          loss(es)? ?(total )?<g>( total| loss| gan| adv)?$|(err|net) ?g$
rl_policy_loss      (policy|pol|actor|pg|surrogate) ((gradient|network) )?(loss|objective)|surrogate
rl_policy_loss      loss (\w+ )?(policy|actor|pi|pg)( <avg>| loss| step| epoch)*$|losses (policy|actor|pi|pg)$
rl_value_loss       (value|vf|critic|qf|q\d?|baseline) ((function|fn|func|network) )?loss|bellman (loss|error)
rl_value_loss       (?<!lm )loss ((\w+ )?critic|values?|q\d?|vf?|qf|baseline)|losses (critic|value|vf|baseline)$
metric_lower        (best|min|lowest) ~loss|loss (best|min)|ppl|perplexity
loss_max            max(imum)? ~loss|loss max
loss_summary        final ~loss|loss final
loss                loss(es)?$

throughput@none     wps|ups
gpu_oom             ooms?|alloc\w* retries|out of memory
gpu_memory          (gpu|cuda|device)s? ~(mem|memory|ram|alloc|reserved|vram)\w*|vram
gpu_util            gpus? (gpu|util\w*|usage|load)
host_memory         (sys(tem)?|host|cpu|proc|process|ram|virtual|rss|swap) ~mem\w*|rss|memory percent|ram
gpu_memory          (peak|max|min|reserved|allocated|alloc|active|cached|current) ~mem(ory)?
gpu_memory          mem(ory)? ~(alloc\w*|reserved|active|peak|max|usage|used|cached|[gm]i?b|[gm]i b)
gpu_memory          (allocated|reserved) (bytes|[gm]i?b|[gm]i b)|gb free|^(max )?mem(ory)?$
other               num ~(samples|anchors|boxes|proposals|examples|instances)|temp(erature)? c|power \w+|^cpu
data_time           data ~(time|secs?|ms|wait|cost)|data ?load(er|ing)?(?! idx)|batch (load|prep)\w*|reader cost
data_time           ^dt data$|(load(er|ing)?|reader|collect(ion)?|fetch|sampl(e|ing)|input) time
data_time           tim(e|ing) (s )?(data|load\w*|wait\w*|collect\w*|fetch\w*|sampl(e batch|ing))
step_time@none      elapsed time ~<unit>
step_time           ^<sec> <unit>$|(<sec>|time) (per|this) <unit>|tim(e|ing) ?s? (\w+ )?<unit>|^ms <unit>
step_time           ^dt( \w+)?$|time ms$|^time avg$
step_time           <unit> s$|<unit> ~(time|timing|duration)|<unit> (ms|avg|secs|seconds)$|batch cost|end to end
step_time           ^timers? (?!.*(throughput|epoch|total)).+|^timing (?!.*(second|sec\b|hours|total|uptime)).+
flops               (total|cum(ulative)?) (\w+ )?([tp]|peta|tera)?(flos|flops)$|flos|(flops|flos) (seen|total|cum\w*)
throughput          (frame|step|sample|token|update) rate$|(throughput|tput)(?!.* time$)|per s(ec)?(onds?)?
throughput          [kmg]?<thing>ps|[tfiqs]ps|tgs|speed
throughput          ([kmg]?<rate>|\w+s|[kmg]t) s(ec|econd)?( (per )?<device>)?$
throughput          mfu|hfu|t?flops?( s| g| per gpu)?$|flops utilization
rl_reward           rewards? time
rl_episode_len      len(gth)? time
time@none           wall(clock)? ?(time)?
time                (runtime|run time|timestamps?|elapsed|eta|duration|up ?time)|relative time|^timer( epoch)?$
time                total (time|secs?|seconds|hours)|time total( s)?$|^(timing )?seconds$|time( s| ms| secs?| hours?)?$
time                time ((\w+ )?(remaining|left)|since)|(^|\w+ )(days|hours|min(ute)?s|seconds)$|remaining$

epoch               ^((trainer|time|progress|process|current|global|info) )*epochs?( <nth>| float| fraction| progress)?$
epoch               ^ep$
overflow            ^((grad|opt|scaler|fp|num|loss scale|number of) )*overflows?
overflow            nan (count|iterations|steps|grads?|batches)|(num|number of) nans?|found inf|nonfinite
overflow            (has|any) (nan|inf)|nan or inf
step                ^<counter>(<tick>s?|itr|interacts)( \w+ed| total| lifetime| done| count| <nth>| since restore)*$
step                ^it$|^(comm\w* |global )?rounds?$
step                ^(?!.*\b(ep\w*|warm ?up|max|per|accum\w*|decay|norms?|l2) )(\w+ )*(time)?steps( total)?$
-                   (moment(um)?|variance|exp avg( sq)?) (norm|l2|rms|max|abs)|norm (moment(um)?|variance)
-                   moment <grad>
momentum            mom(entum)?|adam beta
weight_decay        weight decay|wd$
hparam              ^max <grad> norm$|lrs? (scale|mul\w*|factor|ratio|decay|schedule)|(max|min|base|initial) lr
lr                  lrs?|l ?rate|learn(ing)? ?rates?|^l r$
grad_noise          noise scale|gradient noise|gns
grad_zeros          num zeros|zero <grad>|<grad> ~zeros?
-                   <grad> (<avg>|abs <avg>)$
clip_frac_pct       (<grad> |norm )*clip\w* ?(frac\w*|rate|ratio|pct|percent\w*)|(frac\w*|pct|share) clipped
grad_norm_global    <grad> norms?$|^g norms?$|(^|opt\w* |<grad> )grad$
update_norm         (updates?|step) ~(norm|rms|l2|size)|updates? (ratio|scale|to)|(norm|l2) updates?
update_norm         (update|<grad>|lr) (to )?(weight|param)\w*( ratio| norm)?
grad_rms            <grad> ~rms
grad_norm_global    <grad> ~(norms?|l2|mag(nitude)?)|(gg?|grad)norms?|(norms?|l2) ~<grad>|^(global |total )?norm$
weight_norm_global  <weight> ~(norms?|l2|rms|magnitude)|(param|weight|[pw])norm|norms? ~<weight>
weight_norm_global  var norm|^([wp]|(opt(im)?|debug|stats) [wp]) norm$|l2 (param|weight)\w*s
activation          (attention|attn) logits?|(<avg>) logits?$|logits? (<avg>)$|dead (relu|neuron|unit|feature)s?
activation          (zero|dead|saturated) (frac\w*|ratio|share)|saturation|sparsity
activation          ^act(ivation)?s?( <avg>| std| norm| rms)*$

gan_score_real      d x$|(scores?|signs?|d|dis|logits?|disc\w*) (out )?real( <avg>)?$|real (scores?|logits?|prob|pred)
gan_score_fake      d g ?z\d*|(scores?|signs?|d|dis|logits?|disc\w*) (out )?fake( <avg>)?$
gan_score_fake      fake (scores?|logits?|prob|pred)
gan_augment         progress augment|ada p|augment( p)?$

metric_higher       elo( rating)?$|rewards? (accurac(y|ies)$|margins?)|(^|scores? )margins?$|win ?rates?|pass at
rl_truncation       trunc\w* (ratio|rate|frac\w*)|truncations?
rl_importance_ratio ^is ratio|importance ~(ratio|weights?)|logp diff\w*
rl_episode_len      ep(isod(e|ic))?s? ~len(gth)?s?|(<avg>) ~length|<text> ~len(gth)?s?|ep ?len\w*
rl_explained_var    expl(ained)? var(iance)?
rl_kl               approx ?kl
rl_clip_frac        clip ?frac(tion)?|clip ratio|ppo clip\w*
rl_q_value          ^<avg> q$|(q|qf|v) ~(values?|vals?|<avg>)|(target|q\d) (values?|vals?|<avg>)|qvals?|qvalues?
rl_success          (battles?|games?|match(es)?) won|success|(solve|victory) rate|goals? reached
rl_reward           (rewards?|returns?) per ep(isode)?$
rl_reward           game scores?$|rewards?|rews?|ep(rew|ret)\w*|(ep|episode|episodic) ~(rew|return|ret|score)s?
-                   (rout\w*|att(ention|n)|codebook|expert|cluster|usage) ~entropy
rl_entropy          (?<!cross )entropy( <avg>)?$

-                   (?<!importance )weights?$|^(std|var|variance) (?!(rewards?|rew|returns?)\b)
metric_higher       (accs?|accurac(y|ies))( <avg>| step| epoch)*$
loss                loss|losses|xent|cross ?entropy|[bc]?ce|(info)?nce|nll|logloss
loss                (criterion|objective|obj|^((<avg>|total|batch|epoch) )*cost)( <avg>| step| epoch)*$
loss                ((^|empirical )risk|deviance|neg(ative)? (log )?lik\w*)( <avg>| step| epoch)*$
loss                smooth ?l1|huber|hinge|^[mct]lm( [a-z]{2})?( [a-z]{2})?$
loss                n?elbo|vlb|^(epoch )?ctc$|^tot(al)?$
metric_lower        top err(or)?|errors?|[ts]?errs?|[awctdusmjf]er|b[cw]er|per$|lpips|niqe
metric_lower        bp[bcdp]|bits per \w+|[nr]?r?msl?e|r[sa]e|rrse
metric_lower        w?s?m?ape|m(ed)?ae|mre|owa
metric_lower        mean (squared|absolute)|false (negative|positive)s?|e?ece|brier|hamming|regret|mcd|epe|[af]de
metric_lower        (abs|sq) rel|\w*rmsd|<avg> l[12]$|l[12] (err(or)?|dist(ance)?)|(mean|median) rank
metric_lower        nme|mase|crps|\w*mpjpe|chamfer|hausdorff|hd$|assd|asd|emd|f[pn]r|edit distance|miss rate
metric_lower@val    eer|(min )?dcf|fid|kid|fvd|fad|inception distance
metric_higher@val   ((coco)?aps?|ap[sml]|m?a[pr])( (small|medium|large|\w))*$|\w{0,2}io ?us?|mean ?iu
metric_higher@val   rouge|meteor|cider|spice
metric_higher@val   \w*bleu|chrf|comet|(bert|clip) ?score|ndcg|mrr|hits?|minp|pq|pass( rate)?|hellaswag|mmlu|spl
metric_higher       <acc>|f[1-9]|fb1|[fv] ?(score|measure|beta)|t[pn]r|prec(ision)?|recall|dice
metric_higher       (roc ?)?au(c|p?roc?|prc?)|roc
metric_higher       pesq|stoi|true (positive|negative)s?|cos(ine)? sim(ilarity)?|nmi|a[rm]i|purity|silhouette
metric_higher       jaccard|psnr|ssim|r2|mcc|matthews|pearson|spearman|kendall|kappa|exact match|em|sensitivity
metric_higher       corr(elation)?( coef\w*)?$|exact$|m ?f1$|accuray
metric_higher       log ?lik\w*|likelihood|llh|oa$|adj ?r2?$|hmean|fitness|signal noise ratio|structural similarity
metric_higher       \w+ is( <avg>)?$|specificity|inception score|correct
metric_higher       (si ?)?snri?|si ?sdri?|lddt|gdt( ts| ha)?|tm score|pck|oks|ncc|vmaf|gini|n?sdri?|\w*mos
loss_component      penalty$|^regulari[sz]ation$|(kld?|dkl)( div\w*)?$
epoch               ^(?!(best|bad|warm ?up|max|min|total|num) )\w+ (current |global )?epochs?$
step                ^(?!(best|bad|warm ?up|max|min|total|num) )\w+ (current |global )?(step|iteration|episodes)$
"""

WORDS = {
    "about": r"(scal(e|er|ing)|weights?|coef\w*|factor|ratio|threshold|limit|std|var|variance|skew\w*|delta|diff|change"
    r"|slope|count|improvement|gap|patience|time)",
    "grad": "grad(ient)?s?",
    "weight": "(param|parameter|weight|model|kernel|theta)s?",
    "statistic": "(running|avg|average|mean|ema|smooth|smoothed|step|epoch|batch)",
    "avg": "(mean|avg|average|max|min|median)",
    "sec": "(secs?|seconds|ms|s)",
    "tick": "(step|iter|iteration|update|timestep|frame|tick|batch|batche|episode)",
    "unit": "(it|iter|iteration|step|tick|kimg|batch|update|forward|backward|fwd?|bwd?|post ?process"
    "|optimizer|optim|learn(ing|er)?|grad)",
    "thing": "(ex|it|iter|step|sample|tok|token|img|image|frame|example|batche|batch|seq|sequence|word|update)",
    "rate": "(tok|token|sample|img|image|frame|seq|sequence|word|ex|example|thing)s?",
    "counter": r"((counters?|trainer|time|global|progress|current|total|env(ironment)?|num|n|number of|info"
    r"|iter(ation)?|agent|learner|metrics|update|gradient|opt(im(izer)?)?|process|diagnostics|misc|cum(ulative)?) )*",
    "nth": "(num(ber)?|idx|index)",
    "text": "(traj|response|completions?|prompt|total|generation|output|rollout|trajectory)",
    "acc": r"([a-z]?accs?|accu|accurac(y|ies)|top k)",
    "d": "(d|(net )?disc?r?(iminator)?)",
    "g": r"(g\d?|(net )?gen(erator)?)",
    "item": "(samples|examples|sequences|images|documents)",
    "device": "(core|gpu|device|chip|tpu|rank)",
    "counted": "((n|num|number of|total|seen|train(ing)?|cum(ulative)?|input|consumed|observed|data|trained|processed"
    "|progress|throughput|perf) )*",
    "box": "(box|k?obj|cls|dfl|seg|pose|[gd]?iou|rpn|mask|kpt)",
    "rl": r"(rewards?|rew|ep(isod(e|ic))? ?(len|ret|rew)\w*|rollout|actor|critic|advantages?|approx ?kl|policy"
    r"|return (mean|average)|(mean|average) returns?|^<told>*(returns?|ret)( <avg>)?$)",
    "told": "((scalars?|sim|env(ironment)?|rollouts?|ep|episode|episodic|policy|agent|collect(ion)?|data|stats) )",
}

#: Roles that have no split, and roles that have one only where the name says so; all others train.
NO_SPLIT = frozenset(
    "epoch gan_augment gpu_memory gpu_oom gpu_util hparam host_memory ignore lr momentum rl_exploration "
    "samples step weight_decay".split()
)
SPLIT_IF_SAID = frozenset({"data_time", "step_time", "throughput", "time"})

SPLITS = {
    **dict.fromkeys("train training trn tr fit".split(), "train"),
    **dict.fromkeys(
        (
            "val vali valid vld vall minival validation validate validating eval evaluate evaluation evaluator dev "
            "heldout holdout unseen cv"
        ).split(),
        "val",
    ),
    **dict.fromkeys("test testing tst".split(), "test"),
}

#: Words of a loss's name that do not tell it from the total; that name the main objective, where there is
#: no total; that make it a part of one, whatever else there is.
NEUTRAL = frozenset(
    "loss losses reduced current last total tot weighted aggregated overall global all sum mean avg average med "
    "median running trainer combined distributed window rolling moving cumulative smooth smoothed raw ema "
    "metric metrics stats scalars charts epoch batch step iter iters samples opt optimizer objective obj cost "
    "criterion function value per vs iterations dataloader idx".split()
)
MAIN = frozenset("lm ce bce xent cross entropy crossentropy nll elbo nelbo nce infonce mlm ctc rnnt td seq mse".split())
PART = frozenset("aux auxiliary reg regularization penalty z balance balancing ptx commit commitment vq".split())
#: Metrics that are the loss of a run which logs no loss, in the order in which they are taken for it.
ERRORS = (
    *("mse|mean squared error", "r mse|rmse", "mae|mean absolute error"),
    *(r"bits per \w+|bp[bcdp]", "ppl|perplexity"),
)
