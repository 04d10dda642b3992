/**
 * Built-in functions that are made of others, in jq's own language: they take filters, produce several results, or are paths.
 * Written so that the order of results, and what they do with errors, is that of jq 1.6. Truth: jq(1), 1.6, and the program.
 * Omits: `modulemeta`, `get_search_list`, `getpath`-like helpers that start with an underscore there.
 */
const SOURCES: readonly string[] = [
  'def map(f): [.[] | f];',
  'def select(f): if f then . else empty end;',
  'def map_values(f): .[] |= f;',
  'def recurse(f): def down: ., (f | down); down;',
  'def recurse(f; condition): def down: ., (f | select(condition) | down); down;',
  'def recurse: recurse(.[]?);',
  'def recurse_down: recurse;',
  'def error: error(.);',
  'def halt_error: halt_error(5);',
  'def with_entries(f): to_entries | map(f) | from_entries;',
  'def del(f): delpaths([path(f)]);',
  'def _assign(places; $value): reduce path(places) as $place (.; setpath($place; $value));',
  `def _modify(places; update): reduce path(places) as $place (.; . as $whole | label $done |
     (setpath($place; getpath($place) | update) | ., break $done), ($whole | delpaths([$place])));`,
  'def paths: path(..) | select(length > 0);',
  'def paths(f): . as $whole | paths | select(. as $path | $whole | getpath($path) | f);',
  'def leaf_paths: paths(scalars);',
  `def any(generator; condition): [label $found | generator | condition | if . then ., break $found else empty end] | length > 0;`,
  'def any(condition): any(.[]; condition);',
  'def any: any(.);',
  `def all(generator; condition): [label $found | generator | condition | if . then empty else ., break $found end] | length == 0;`,
  'def all(condition): all(.[]; condition);',
  'def all: all(.);',
  'def arrays: select(type == "array");',
  'def objects: select(type == "object");',
  'def iterables: select(type | . == "array" or . == "object");',
  'def booleans: select(type == "boolean");',
  'def numbers: select(type == "number");',
  'def normals: select(isnormal);',
  'def finites: select(isfinite);',
  'def strings: select(type == "string");',
  'def nulls: select(. == null);',
  'def values: select(. != null);',
  'def scalars: select(type | . != "array" and . != "object");',
  'def scalars_or_empty: select((type | . != "array" and . != "object") or length == 0);',
  'def range($to): range(0; $to);',
  `def range($from; $to; $by): def up: if . < $to then ., (. + $by | up) else empty end; def down: if . > $to then ., (. + $by | down) else empty end;
     if $by > 0 then $from | up elif $by < 0 then $from | down else empty end;`,
  'def while(condition; update): def go: if condition then ., (update | go) else empty end; go;',
  'def until(condition; next): def go: if condition then . else next | go end; go;',
  'def repeat(f): def go: f, go; go;',
  'def limit($count; f): if $count < 0 then f else label $enough | foreach f as $one ($count; . - 1; $one, if . <= 0 then break $enough else empty end) end;',
  'def isempty(f): [label $some | f | 1, break $some] == [];',
  'def first(f): label $first | f | ., break $first;',
  'def last(f): reduce f as $one (null; $one);',
  'def nth($n; f): if $n < 0 then error("nth doesn\'t support negative indices") else last(limit($n + 1; f)) end;',
  'def first: .[0];',
  'def last: .[-1];',
  'def nth($n): .[$n];',
  'def in(container): . as $key | container | has($key);',
  'def inside(container): . as $part | container | contains($part);',
  'def inputs: try repeat(input) catch if . == "break" then empty else error end;',
  'def combinations: if length == 0 then [] else .[0][] as $head | (.[1:] | combinations) as $tail | [$head] + $tail end;',
  'def combinations(n): . as $set | [range(n) | $set] | combinations;',
  `def walk(f): . as $whole | if type == "object" then reduce keys_unsorted[] as $key ({}; . + {($key): ($whole[$key] | walk(f))}) | f
     elif type == "array" then map(walk(f)) | f else f end;`,
  'def sort_by(f): _sort_by(map([f]));',
  'def group_by(f): _group_by(map([f]));',
  'def unique_by(f): group_by(f) | map(.[0]);',
  'def unique: unique_by(.);',
  'def min_by(f): _min_by(map([f]));',
  'def max_by(f): _max_by(map([f]));',
  'def index($part): indices($part) | .[0];',
  'def rindex($part): indices($part) | .[-1:][0];',
  'def todateiso8601: strftime("%Y-%m-%dT%H:%M:%SZ");',
  'def fromdateiso8601: strptime("%Y-%m-%dT%H:%M:%SZ") | mktime;',
  'def todate: todateiso8601;',
  'def fromdate: fromdateiso8601;',
  'def match(regex; flags): _match(regex; flags; false) | .[];',
  'def match($given): match($given | _regex; $given | _flags);',
  'def test(regex; flags): _match(regex; flags; true);',
  'def test($given): test($given | _regex; $given | _flags);',
  'def capture(regex; flags): match(regex; flags) | _captures;',
  'def capture($given): match($given) | _captures;',
  'def scan(regex): match(regex; "g") | if (.captures | length) > 0 then [.captures[].string] else .string end;',
  'def splits($regex; flags): split($regex; flags)[];',
  'def splits($regex): splits($regex; null);',
  'def split($regex; flags): . as $text | [match($regex; "g" + flags) | [.offset, .length]] as $cuts | $text | _cut($cuts);',
  `def sub($regex; replacement; $flags):
     def once($options; $again): . as $text | [match($regex; $options)] | if length == 0 then $text else .[0] as $hit | ($hit | .offset + .length) as $after
       | $hit | _captures | $text[0:$hit.offset] + replacement + ($text[$after:] | if length > 0 and $again then once($options; true) else . end) end;
     ($flags | index("g")) as $all | once($flags | if $all then _without_g else . end; $all != null);`,
  'def sub($regex; replacement): sub($regex; replacement; "");',
  'def gsub($regex; replacement; $flags): sub($regex; replacement; $flags + "g");',
  'def gsub($regex; replacement): sub($regex; replacement; "g");',
  'def tostream: _events[];',
  `def fromstream(f): foreach f as $event ({value: null, whole: false};
     (if .whole then {value: null, whole: false} else . end)
     | if ($event | length) == 2 then .value |= setpath($event[0]; $event[1]) | .whole = ($event[0] | length == 0)
       else .whole = ($event[0] | length == 1) end;
     if .whole then .value else empty end);`,
  `def truncate_stream(f): . as $depth | null | f | . as $event
     | if ($event[0] | length) > $depth then $event | setpath([0]; $event[0][$depth:]) else empty end;`,
  'def INDEX(rows; key): reduce rows as $row ({}; .[$row | key | if type == "string" then . else tojson end] = $row);',
  'def INDEX(key): INDEX(.[]; key);',
  'def IN(wanted): any(. == wanted; .);',
  'def IN(found; wanted): any(found | IN(wanted); .);',
  'def JOIN($table; key): [.[] | [., $table[key]]];',
  'def JOIN($table; rows; key): rows | [., $table[key]];',
  'def JOIN($table; rows; key; join): rows | [., $table[key]] | join;',
]

/** `name/arity` → its definition. */
export const BUILTINS: ReadonlyMap<string, string> = new Map(SOURCES.map((source) => [nameOf(source), source]))

function nameOf(source: string): string {
  const [, name, params] = /^def (\w+)(\([^)]*\))?:/.exec(source) as RegExpExecArray
  return `${name}/${params === undefined ? 0 : params.split(';').length}`
}
