/** Times as sleep(1), timeout(1) and watch(1) read them: `1.5`, `30s`, `2m`, `1h`, `1d`, `infinity`. */
export function durationUs(text: string): number | null {
  if (text === 'infinity' || text === 'inf') return Infinity
  const match = /^(\d{1,12}(?:\.\d*)?|\.\d+)([smhd]?)$/.exec(text)
  if (!match) return null
  const seconds = match[2] === 'm' ? 60 : match[2] === 'h' ? 3600 : match[2] === 'd' ? 86400 : 1
  return Math.round(Number(match[1]) * seconds * 1e6)
}
