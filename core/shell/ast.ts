/** The tree that the parser makes of a shell script. POSIX.1-2024 XCU 2.10 (grammar) with the additions of bash(1). */

export interface Word {
  readonly parts: readonly WordPart[]
  /** As written, for messages, `type` and job lists. */
  readonly source: string
  /** `x=(a b)` as an argument of `declare` and its kin. */
  readonly assignment?: Assignment
}

export type WordPart =
  /** Unquoted text: braces, tildes and patterns in it are alive. */
  | { readonly kind: 'literal'; readonly text: string }
  /** From single quotes, $'…' or a backslash. */
  | { readonly kind: 'quoted'; readonly text: string }
  | { readonly kind: 'double'; readonly parts: readonly WordPart[] }
  | ParameterPart
  | { readonly kind: 'command'; readonly body: List }
  | { readonly kind: 'arithmetic'; readonly expression: Word }
  /** `<(…)` and `>(…)`. */
  | { readonly kind: 'process'; readonly direction: '<' | '>'; readonly body: List }

export type ParameterOperator = '' | '-' | '=' | '?' | '+' | '#' | '##' | '%' | '%%' | '/' | '//' | '/#' | '/%' | '^' | '^^' | ',' | ',,' | ':' | '@' | 'bad'

export interface ParameterPart {
  readonly kind: 'parameter'
  readonly name: string
  /** `[…]`: an expression or key; `@` and `*` stand for all. */
  readonly index: Word | '@' | '*' | null
  /** `${#x}`. */
  readonly length: boolean
  /** `${!x}`. */
  readonly indirect: boolean
  readonly operator: ParameterOperator
  /** `:-` instead of `-`. */
  readonly colon: boolean
  readonly word: Word | null
  /** The replacement of `/`, the length of `:`. */
  readonly second: Word | null
  readonly source: string
}

export interface Assignment {
  readonly name: string
  readonly index: Word | null
  readonly append: boolean
  /** A list for `name=(…)`. */
  readonly value: Word | readonly ArrayElement[]
}

export interface ArrayElement {
  readonly index: Word | null
  readonly value: Word
}

export type RedirectOperator = '<' | '>' | '>>' | '>|' | '<>' | '<&' | '>&' | '&>' | '&>>' | '<<' | '<<-' | '<<<'

export interface Redirect {
  readonly operator: RedirectOperator
  /** The descriptor before the operator, the default of the operator, or -1 where `variable` names it. */
  readonly fd: number
  /** `{name}>file`. */
  readonly variable: string
  /** The file, the descriptor, the here-string; the body of a here-document. */
  target: Word
}

export interface SimpleCommand {
  readonly kind: 'simple'
  readonly assignments: readonly Assignment[]
  readonly words: readonly Word[]
  readonly redirects: readonly Redirect[]
  readonly line: number
}

export interface CaseItem {
  readonly patterns: readonly Word[]
  readonly body: List
  readonly end: ';;' | ';&' | ';;&'
}

export type CompoundBody =
  | { readonly kind: 'group'; readonly body: List }
  | { readonly kind: 'subshell'; readonly body: List }
  | { readonly kind: 'if'; readonly clauses: readonly { condition: List; body: List }[]; readonly otherwise: List | null }
  | { readonly kind: 'loop'; readonly until: boolean; readonly condition: List; readonly body: List }
  | { readonly kind: 'for'; readonly name: string; readonly words: readonly Word[] | null; readonly body: List }
  | { readonly kind: 'select'; readonly name: string; readonly words: readonly Word[] | null; readonly body: List }
  | { readonly kind: 'counting'; readonly begin: Word; readonly test: Word; readonly step: Word; readonly body: List }
  | { readonly kind: 'case'; readonly word: Word; readonly items: readonly CaseItem[] }
  | { readonly kind: 'arithmetic'; readonly expression: Word }
  | { readonly kind: 'conditional'; readonly expression: Condition }

export type CompoundCommand = CompoundBody & { readonly redirects: readonly Redirect[]; readonly line: number }

export interface FunctionCommand {
  readonly kind: 'function'
  readonly name: string
  readonly body: Command
  readonly source: string
  readonly line: number
}

export type Command = SimpleCommand | CompoundCommand | FunctionCommand

/** What stands between `[[` and `]]`. */
export type Condition =
  | { readonly kind: 'not'; readonly operand: Condition }
  | { readonly kind: 'and' | 'or'; readonly left: Condition; readonly right: Condition }
  | { readonly kind: 'unary'; readonly operator: string; readonly operand: Word }
  | { readonly kind: 'binary'; readonly operator: string; readonly left: Word; readonly right: Word }

export interface Pipeline {
  readonly commands: readonly Command[]
  /** `|&` after the command of that index. */
  readonly errorsToo: readonly boolean[]
  readonly negate: boolean
  readonly timed: '' | 'time' | 'time -p'
  readonly source: string
}

export interface AndOr {
  readonly first: Pipeline
  readonly rest: readonly { readonly operator: '&&' | '||'; readonly pipeline: Pipeline }[]
  readonly background: boolean
  readonly source: string
}

export type List = readonly AndOr[]
