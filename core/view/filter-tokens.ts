/**
 * Cuts a display filter into tokens with positions.
 *
 * Truth: wireshark-filter(4). Omits: character constants and escapes other than `\"` and `\\`.
 */
export interface FilterToken {
  kind: 'word' | 'string' | 'symbol' | 'bad'
  text: string
  start: number
  end: number
}

const TOKEN = /\s+|(==|!=|>=|<=|&&|\|\||[()!<>{},])|"((?:[^"\\]|\\.)*)"|([A-Za-z0-9_][A-Za-z0-9_.:/-]*|::[0-9A-Fa-f:./]*)|(.)/gy

export function filterTokens(text: string): FilterToken[] {
  const tokens: FilterToken[] = []
  for (const match of text.matchAll(TOKEN)) {
    const place = { start: match.index, end: match.index + match[0].length }
    if (match[1] !== undefined) tokens.push({ kind: 'symbol', text: match[1], ...place })
    else if (match[2] !== undefined) tokens.push({ kind: 'string', text: match[2].replace(/\\(.)/g, '$1'), ...place })
    else if (match[3] !== undefined) tokens.push({ kind: 'word', text: match[3], ...place })
    else if (match[4] !== undefined) tokens.push({ kind: 'bad', text: match[4], ...place })
  }
  return tokens
}
