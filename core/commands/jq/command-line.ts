/**
 * jq's options, which it reads in its own way: letters may be joined, long names may not be shortened, and the first other word is
 * the program. Truth: jq(1), 1.6, and the program as observed.
 * Omits: `-L` (there are no modules), `--run-tests`, `--debug-*`.
 */
import { parseJson, parseJsonTexts } from './json-reader.ts'
import type { Layout } from './json-text.ts'
import type { Value } from './value.ts'

export interface CommandLine {
  program: string | null
  files: string[]
  variables: Map<string, Value>
  positional: Value[]
  layout: Layout
  slurp: boolean
  rawInput: boolean
  nullInput: boolean
  rawOutput: boolean
  join: boolean
  fromFile: boolean
  exitStatus: boolean
  seq: boolean
  stream: boolean
}

/** An end without a program: what is said, on which side, and the exit code. */
export interface Ending {
  stdout: string
  stderr: string
  code: number
}

const LETTERS: readonly [letter: string, long: string][] = [
  ['s', 'slurp'], ['r', 'raw-output'], ['c', 'compact-output'], ['C', 'color-output'], ['M', 'monochrome-output'], ['a', 'ascii-output'],
  ['', 'unbuffered'], ['S', 'sort-keys'], ['R', 'raw-input'], ['n', 'null-input'], ['f', 'from-file'], ['j', 'join-output'], ['', 'seq'],
  ['', 'stream'], ['', 'stream-errors'], ['e', 'exit-status'], ['h', 'help'], ['V', 'version'],
]
const SHORT_USAGE = `Usage:\tjq [options] <jq filter> [file...]
\tjq [options] --args <jq filter> [strings...]
\tjq [options] --jsonargs <jq filter> [JSON_TEXTS...]

`
const INTRODUCTION = `jq - commandline JSON processor [version 1.6]

${SHORT_USAGE}jq is a tool for processing JSON inputs, applying the given filter to
its JSON text inputs and producing the filter's results as JSON on
standard output.

The simplest filter is ., which copies jq's input to its output
unmodified (except for formatting, but note that IEEE754 is used
for number representation internally, with all that that implies).

For more advanced filters see the jq(1) manpage ("man jq")
and/or https://stedolan.github.io/jq

Example:

\t$ echo '{"foo": 0}' | jq .
\t{
\t\t"foo": 0
\t}

`
const HELP = `${INTRODUCTION}Some of the options include:
  -c               compact instead of pretty-printed output;
  -n               use \`null\` as the single input value;
  -e               set the exit status code based on the output;
  -s               read (slurp) all inputs into an array; apply filter to it;
  -r               output raw strings, not JSON texts;
  -R               read raw strings, not JSON texts;
  -C               colorize JSON;
  -M               monochrome (don't colorize JSON);
  -S               sort keys of objects on output;
  --tab            use tabs for indentation;
  --arg a v        set variable $a to value <v>;
  --argjson a v    set variable $a to JSON value <v>;
  --slurpfile a f  set variable $a to an array of JSON texts read from <f>;
  --rawfile a f    set variable $a to a string consisting of the contents of <f>;
  --args           remaining arguments are string arguments, not files;
  --jsonargs       remaining arguments are JSON arguments, not files;
  --               terminates argument processing;

Named arguments are also available as $ARGS.named[], while
positional arguments are available as $ARGS.positional[].

See the manpage for more options.
`
const SEE_HELP = `Use jq --help for help with command-line options,
or see the jq manpage, or online docs  at https://stedolan.github.io/jq
`

export const USAGE_ENDING: Ending = { stdout: '', stderr: `${INTRODUCTION}For a listing of options, use jq --help.\n`, code: 2 }

function misused(complaint: string): Ending {
  return { stdout: '', stderr: `jq: ${complaint}\n${SEE_HELP}`, code: 2 }
}

/** `readFile` gives the text of a file, or the message why it cannot be opened. */
export function parseCommandLine(words: readonly string[], readFile: (path: string) => string | { error: string }): CommandLine | Ending {
  const line: CommandLine = {
    program: null, files: [], variables: new Map(), positional: [], layout: { indent: '  ', sortKeys: false, ascii: false }, slurp: false,
    rawInput: false, nullInput: false, rawOutput: false, join: false, fromFile: false, exitStatus: false, seq: false, stream: false,
  }
  let rest: 'files' | 'strings' | 'json' = 'files'
  let done = false
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at]
    if (!done && word === '--') {
      if (line.program === null) return USAGE_ENDING
      done = true
    } else if (done || !/^-[-A-Za-z]/.test(word)) {
      if (!done && line.program === null) line.program = word
      else if (rest === 'files') line.files.push(word)
      else {
        const parsed = rest === 'strings' ? { value: word } : parseJson(word)
        if ('error' in parsed) return misused('invalid JSON text passed to --jsonargs')
        line.positional.push(parsed.value)
      }
    } else if (word.startsWith('-L')) {
      if (word === '-L') {
        at += 1
        if (at >= words.length) return { stdout: '', stderr: `-L takes a parameter: (e.g. -L /search/path or -L/search/path)\n${SEE_HELP}`, code: 2 }
      }
    } else if (word === '--args') rest = 'strings'
    else if (word === '--jsonargs') rest = 'json'
    else if (word === '--tab') line.layout.indent = '\t'
    else if (word === '--indent') {
      at += 1
      if (at >= words.length) return misused('--indent takes one parameter')
      const width = Number.parseInt(words[at], 10) || 0
      if (width < -1 || width > 7) return misused('--indent takes a number between -1 and 7')
      line.layout.indent = width < 0 ? '\t' : ' '.repeat(width)
    } else if (['--arg', '--argjson', '--slurpfile', '--rawfile', '--argfile'].includes(word)) {
      const ending = setVariable(line, word, words.slice(at + 1, at + 3), readFile)
      if (ending) return ending
      at += 2
    } else {
      const ending = setFlags(line, word)
      if (ending) return ending
    }
  }
  return line
}

function setVariable(line: CommandLine, option: string, words: readonly string[], readFile: (path: string) => string | { error: string }): Ending | null {
  const [name, text] = words
  if (text === undefined) {
    const kind = option === '--arg' ? 'value' : option === '--argjson' ? 'text' : 'filename'
    return misused(`${option} takes two parameters (e.g. ${option} varname ${kind})`)
  }
  if (line.variables.has(name)) return null
  if (option === '--arg') line.variables.set(name, text)
  else if (option === '--argjson') {
    const parsed = parseJson(text)
    if ('error' in parsed) return misused('invalid JSON text passed to --argjson')
    line.variables.set(name, parsed.value)
  } else {
    const content = readFile(text)
    const parsed = typeof content !== 'string' ? content : option === '--rawfile' ? { values: content } : parseJsonTexts(content)
    if ('error' in parsed) return { stdout: '', stderr: `jq: Bad JSON in ${option} ${name} ${text}: ${parsed.error}\n`, code: 2 }
    line.variables.set(name, option === '--argfile' && parsed.values.length === 1 ? (parsed.values as Value[])[0] : parsed.values)
  }
  return null
}

function setFlags(line: CommandLine, word: string): Ending | null {
  let known = 0
  for (const [letter, long] of LETTERS) {
    const short = letter !== '' && !word.startsWith('--') && word.includes(letter)
    if (!short && word !== `--${long}`) continue
    known += 1
    const ending = setFlag(line, long)
    if (ending) return ending
  }
  return known === (word.startsWith('--') ? 1 : word.length - 1) ? null : misused(`Unknown option ${word}`)
}

function setFlag(line: CommandLine, name: string): Ending | null {
  switch (name) {
    case 'slurp':
      line.slurp = true
      break
    case 'raw-output':
      line.rawOutput = true
      break
    case 'compact-output':
      line.layout.indent = ''
      break
    case 'ascii-output':
      line.layout.ascii = true
      break
    case 'sort-keys':
      line.layout.sortKeys = true
      break
    case 'raw-input':
      line.rawInput = true
      break
    case 'null-input':
      line.nullInput = true
      break
    case 'from-file':
      line.fromFile = true
      break
    case 'join-output':
      line.rawOutput = true
      line.join = true
      break
    case 'seq':
      line.seq = true
      break
    case 'stream':
      line.stream = true
      break
    case 'exit-status':
      line.exitStatus = true
      break
    case 'help':
      return { stdout: HELP, stderr: '', code: 0 }
    case 'version':
      return { stdout: 'jq-1.6\n', stderr: '', code: 0 }
  }
  return null
}
