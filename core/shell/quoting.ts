/** Words as shells print them back so that they can be read again: `set`, `declare -p`, `trap`, `alias`, `printf %q`, `set -x`. */

/** In single quotes, as `alias` and `trap` print. */
export function singleQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

/** `set -x` and `set`: quoted only when something in it is special. Control characters need $'…'. */
export function quotedIfNeeded(text: string): string {
  if (text === '') return "''"
  if (/[\x00-\x1f\x7f]/.test(text)) return ansiQuoted(text)
  return /[\s'"\\|&;()<>!{}*[\]?^$`#~]/.test(text) && !/^[\w@%+=:,./^-]*$/.test(text) ? singleQuoted(text) : text
}

/** `printf %q`: a backslash before each special character. */
export function backslashQuoted(text: string): string {
  if (text === '') return "''"
  if (/[\x00-\x1f\x7f]/.test(text)) return ansiQuoted(text)
  return text.replace(/[\s'"\\|&;()<>!{}*[\]?^$`,]|^[#~]/g, (char) => `\\${char}`)
}

/** `declare -p`. */
export function doubleQuoted(text: string): string {
  if (/[\x00-\x1f\x7f]/.test(text)) return ansiQuoted(text)
  return `"${text.replace(/["\\$`]/g, (char) => `\\${char}`)}"`
}

const NAMED = new Map([['\n', 'n'], ['\t', 't'], ['\r', 'r'], ['\x1b', 'E'], ['\x07', 'a'], ['\b', 'b'], ['\f', 'f'], ['\v', 'v']])

function ansiQuoted(text: string): string {
  const body = text.replace(/[\x00-\x1f\x7f'\\]/g, (char) => {
    const named = NAMED.get(char)
    if (named) return `\\${named}`
    return char === "'" || char === '\\' ? `\\${char}` : `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`
  })
  return `$'${body}'`
}
