const pad = (value: number, width: number) => String(value).padStart(width, '0')

/** Virtual time as a clock: hours, minutes, seconds, and microseconds apart. Virtual time 0 is midnight in the world. */
export function clock(us: number): { main: string; fraction: string } {
  const seconds = Math.floor(us / 1e6)
  return {
    main: `${pad(Math.floor(seconds / 3600), 2)}:${pad(Math.floor(seconds / 60) % 60, 2)}:${pad(seconds % 60, 2)}`,
    fraction: pad(us % 1e6, 6),
  }
}

/** `3:12.481203`, short enough for a column. */
export function shortTime(us: number, digits = 4): string {
  const seconds = Math.floor(us / 1e6)
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor(seconds / 60) % 60
  const head = hours > 0 ? `${hours}:${pad(minutes, 2)}` : `${minutes}`
  return `${head}:${pad(seconds % 60, 2)}.${pad(us % 1e6, 6).slice(0, digits)}`
}

/** kubectl's AGE: `45s`, `3m12s`, `2h`, `5d`. */
export function age(us: number): string {
  const seconds = Math.max(0, Math.floor(us / 1e6))
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 10) return `${minutes}m${seconds % 60 === 0 ? '' : `${seconds % 60}s`}`
  if (minutes < 180) return `${minutes}m`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`
}

export function speedLabel(speed: number): string {
  return speed >= 1 ? `${speed}×` : `1/${Math.round(1 / speed)}×`
}
