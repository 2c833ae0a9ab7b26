"""How the common trainers print their progress: one ordered table of line patterns, as data.

A pattern is looked for in the template of a line, behind its time stamp and logging prefix, in lower case, where "#"
stands for a number, "<name>" for a number that is called so and one blank for any gap. step, epoch and total
(steps an epoch) are counters, the group `split` says which data, vNAME is a value without a name in the line and
`value` one that the group `key` names; all other numbers that follow a name are values. Words before the pattern:

  within    the step begins again with each epoch      final   of a pass over the data, only its end counts
  epoch     belongs to the epoch, not to a step        carry   belongs to the step that was printed last
  cells     names are whole cells between "|"          bar     a bare progress bar: gives the step of what follows
  samples   counts samples                             log     names only a fraction of an epoch
  set       has a counter and no value                 rule    ends a table; box: in a box, inside a section
  telling   names that measure nothing make no line of it
  mean      the average in parentheses counts          all     over all workers: beside the same of one worker
  opens     values at a step, and section for what follows
  section   lines from here on are of this split       table   a row of a table
  restart   the program began again                     alone   only values without a name in the line count
  postfix   a bar of tqdm with values behind it
  own       the name of the value says of what part of the data it is
  group     the rows of the table from here on belong to a group, which is part of their names
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple


class Pattern(NamedTuple):
    """One line of the table."""

    name: str
    words: frozenset[str]
    find: Callable[[str], re.Match[str] | None]


_CALLED = re.compile(r"(?<!\?P)<(\w+)>")
#: name, words (or -), regular expression.
TABLE = r"""
megatron       cells           iteration <step>/ ?# \|
megatron       cells           (?P<split>validation|test) (?:loss|results) at (?:iteration )?<step> \|
megatron       cells,carry     (?P<split>validation|test) (?:loss|results) at the end of training
fairseq        fairseq         ^(?P<prefix>train_inner|train|valid\w*|test) \| .*\bnum_updates\W{1,4}<step>
fairseq        fairseq         ^(?P<prefix>train_inner|train|valid\w*|test) \| .*_num_updates\W{1,4}<step>
litgpt         -               \biter <step> step # \| loss train: <vtrain_loss>, val: (?:<vval_loss>|n/a)
llmc           -               ^s:<step> (?:tr|te|eva)l:
llmc           -               ^step <step>/# \|.*\| <vtime> ms \|(?: <vMFU>% bf16 mfu \|)? <vtok_s> tok/s
llmc           -               ^step <step>/# \|.*\(<vtime> ms \| <vtok_s> tok/s\)
llmc           carry,ahead     ^(?P<split>val) loss #$
composer       set,within      ^\[epoch=<epoch>\]\[batch=<step>/<total>\]:?$
composer       set             ^\[batch=<step>/#\]:?$
composer       set,samples     ^\[sample=<step>/#\]:?$
composer       carry           ^(?:train|eval) (?P<key>(?=[^\0:\s/]*/)[^\0:\s]+): <value>$
composer       -               ^\[metric\]\[batch=<step>\]: (?P<key>[^\0:\s]+): <value>$
timm           within          ^(?P<split>train): <epoch> \[ ?<step>/ ?<total>
metriclogger   within,opens    ^epoch: ?\[<epoch>\] ?\[ ?<step>/ ?<total>\]
metriclogger   within,opens    ^(?:(?P<split>train): )?\[<epoch>/#\] ?\[ ?<step>/<total>\]
metriclogger   final,opens,telling ^(?:test|eval|val)(?P<split>)\w*(?: \([^()]*\))?: .{0,40}?\[ ?<step>/ ?<total>\]
metriclogger   epoch,all       ^(?:\*|test:)(?P<split>) ?acc@
metriclogger   epoch,mean,section ^averaged stats: ?(?=\w)
mmengine       within          \bepoch ?\((?P<split>train)\) ?\[<epoch>\] ?\[ ?<step>/ ?<total>\]
mmengine       epoch,final     \bepoch ?\((?P<split>val|test)\) ?\[<epoch>\] ?\[ ?<step>/ ?<total>\]
mmengine       epoch           \bepoch ?\((?P<split>val|test)\) ?\[<epoch>\] ?\[ ?#\]
mmengine       -               \biter ?\((?P<split>train)\) ?\[ ?<step>/ ?#\]
mmengine       carry,final     \biter ?\((?P<split>val|test)\) ?\[ ?<step>/ ?<total>\]
mmengine       carry           \biter ?\((?P<split>val|test)\) ?\[ ?#\]
mmdet          within          \bepoch ?\[<epoch>\] ?\[ ?<step>/<total>\]
mmdet          -               \biter ?\[<step>/#\]
detectron2     -               ^eta: [^|]{1,60}? iter: <step> total_loss:
mnist          within,samples  ^(?P<split>train)(?:ing)? epoch: <epoch> \[ ?<step>/ ?<total> \(
mnist          epoch           ^(?P<split>test) set: average loss: <vloss>, accuracy: #/# \(<vaccuracy>%\)
cyclegan       within          ^\(epoch: <epoch>, iters: <step>,
cyclegan       restart         ^=+ training loss \(
slowfast       within          \bjson_stats: \{"_type": "(?P<split>train|val|test)_iter".*"epoch": "<epoch>/#".*"iter": "<step>/<total>"
slowfast       epoch           \bjson_stats: \{.*"_type": "(?P<split>train|val|test)_epoch".*"epoch": "<epoch>/#"
coqui          set,section     \bglobal_step: <step>$
coqui          section         ^--> (?P<split>step: #$|eval\b)
coqui          set             ^> epoch: <epoch>/#
coqui          carry,section   ^\| > \w+: #
keras          keras,within    ^<step>/<total> [^:|]{0,60}?- \w+: #
hf             log             ^\{.*['"]epoch['"]: ['"]?<epoch>['"]?\}$
hf             bar             ^#%\| ?\| <step>/<total> \[
bar            final,postfix   ^(?P<split>val|eval|test)\w*(?: [^|]{0,60}?)?:? ?#%\| ?\| <step>/<total> \[[^=]{0,80}, \w[^=,]{0,40}=
bar            within,postfix  ^[^|]{0,60}?\bepoch ?:? ?<epoch>[^|]*\| ?\| <step>/<total> \[[^=]{0,80}, \w[^=,]{0,40}=
bar            within,postfix  ^[^|]{0,60}?#%\| ?\| <step>/<total> \[[^=]{0,80}, \w[^=,]{0,40}=
bar            within          ^[^|]{0,20}?\bepoch ?[:=]? ?<epoch>\b[^|]{0,200}?: ?#%\| ?\| <step>/<total> \[
darts          within          ^(?P<split>train|valid|test) <step> <vloss> <vtop1> <vtop5>$
darts          -               ^(?P<split>train|valid|test) <step> <vloss>$
darts          epoch           ^epoch <epoch> \w+ #$
summary        epoch,telling   ^(?:(?:train|val|valid|test)_\w+ ?[:=]? ?#%? ?[,|;]? ?)+$
overflow       carry,alone         setting loss scale to: <vloss_scale>
overflow       carry,alone         attempted loss scale: #, reducing to <vloss_scale>
oom            carry,alone         ^<vnum_ooms> cuda oom errors thrown
oom            carry,alone         ^<vnum_alloc_retries> cuda memory allocation retries
drq            cells           ^\| (?P<split>train|eval) \|(?: f: # \|)?(?: e: # \|)? s: <step> \|
sheet          table           ^\| ?(?P<key>(?:% )?[a-z][\w/@. -]{0,60}?) \| <value> ?\|$
sheet          table           ^\| ?(?P<key>[a-z][\w/@. -]{0,30}? # [a-z][\w/@. -]{0,40}?) \| <value> ?\|$
sheet          group           ^\| ?(?P<key>[a-z][\w@. -]{0,60})/ \| ?\|$
sheet          rule            ^-{8,}$
sheet          rule,box        ^\+(?:[-=]{2,}\+)+$
olmo           set             ^\[step=<step>/#(?:,epoch=<epoch>)?[^\]\0]*\]$
olmo           carry           ^(?P<key>(?=[^\0:=\s/]*/)[^\0:=]{1,60}[^\0:=\s])=<value>$
marian         alone           ^ep\. <epoch> : up\. <step> : sen\. # : cost <vcost> .*: <vwords_s> words/s(?: : gnorm <vgrad_norm>)?(?: : l\.r\. <vlr>)?
marian         -               ^\[?(?P<split>valid)\] (?:ep\. <epoch> : )?up\. <step> : (?P<key>[\w-]+) : <value>
dl4j           -               \bscore at iteration <step> is <vloss>$
darknet        -               ^<step>: <vloss>, <vavg_loss> avg(?: loss)?, <vlr> rate, <vtime> seconds, # images
estimator      -               ^saving dict for (?P<split>)global step <step>:
trax           -               ^step <step>: (?P<split>train|eval) (?P<key>[a-z][\w ]{0,60}?) \| <value>$
dalle          within          ^<epoch> <step> loss - <vloss>$
optim          -               ^iter <step> value <vobjective>$
catboost       -               ^<step>: learn:
espnet         within          ^<epoch>epoch:(?P<split>train|valid):#-<step>batch:
result         own             ^(?P<key>[a-z][\w /@.%-]{0,40}?) (?:at|after|for|in|on|@) (?:step|iter|iteration|update) <step>(?:/#)?(?: is| was| ?[:=])? ?<value>
result         epoch,own       ^(?P<key>[a-z][\w /@.%-]{0,40}?) (?:at|after|for|in|on|@) epoch <epoch>(?:/#)?(?: is| was| ?[:=])? ?<value>
cifar          carry,alone     ^accuracy (?:of the \w+ )?on (?:the )?# (?P<split>train|val|test)\w* (?:images|samples|examples): <vaccuracy> ?%
pair           within,telling  ^\[<epoch>, ?<step>\]:? ?(?=[a-z])
pair           within          ^(?P<key>[a-z][\w ]{0,30}?) ?\[<epoch>, ?<step>\](?: ?\([^()\0]*\))? ?[:=] ?<value>$
start          restart         ^(?:args = )?namespace\(|^=+ ?training started|^environment info:|^logging to
start          restart         ^> ?initializing torch distributed|^starting training|^resum(?:ing|ed) from
"""  # noqa: E501 - one pattern a line

#: Two such lines make a log, where others need three; a single one of the first kind does.
SURE = frozenset("megatron mmdet mmengine timm fairseq coqui darts detectron2 mllog mlperf marian dl4j darknet".split())


def patterns() -> tuple[Pattern, ...]:
    """The table, compiled."""
    return tuple(_compile(*line.split(None, 2)) for line in TABLE.strip().splitlines())


def _compile(name: str, words: str, rule: str) -> Pattern:
    regex = re.compile(_CALLED.sub(r"(?P<\1>#)", rule).replace("#", "\0"))
    # `search` would try "^" at every character
    return Pattern(name, frozenset(words.split(",")), regex.match if rule[0] == "^" else regex.search)
