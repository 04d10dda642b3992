/** The tree of a jq program. `at` is a place in its text, for complaints. */
export type Node =
  | { t: 'identity' }
  | { t: 'recurse' }
  | { t: 'literal'; value: null | boolean | number | string }
  | { t: 'string'; format: string; parts: (string | Node)[] }
  | { t: 'format'; name: string }
  | { t: 'field'; of: Node; name: Node }
  | { t: 'slice'; of: Node; from: Node | null; to: Node | null }
  | { t: 'iterate'; of: Node }
  | { t: 'array'; of: Node | null }
  | { t: 'object'; entries: { key: Node; value: Node | null }[] }
  | { t: 'negate'; of: Node }
  | { t: 'pipe'; a: Node; b: Node }
  | { t: 'comma'; a: Node; b: Node }
  | { t: 'binary'; op: string; a: Node; b: Node }
  | { t: 'and' | 'or' | 'alternative'; a: Node; b: Node }
  | { t: 'assign'; op: string; a: Node; b: Node }
  | { t: 'if'; branches: { test: Node; then: Node }[]; otherwise: Node | null }
  | { t: 'try'; of: Node; handler: Node | null }
  | { t: 'reduce'; source: Node; pattern: Pattern; start: Node; update: Node }
  | { t: 'foreach'; source: Node; pattern: Pattern; start: Node; update: Node; extract: Node | null }
  | { t: 'def'; name: string; params: string[]; body: Node; rest: Node }
  | { t: 'call'; name: string; args: Node[]; at?: number }
  | { t: 'variable'; name: string; at?: number }
  | { t: 'bind'; source: Node; patterns: Pattern[]; body: Node }
  | { t: 'label'; name: string; body: Node }
  | { t: 'break'; name: string }

export type Pattern =
  | { t: 'variable'; name: string }
  | { t: 'array'; items: Pattern[] }
  | { t: 'object'; entries: { key: Node | null; variable: string | null; value: Pattern | null }[] }
