/** What `time` prints: bash(1) Pipelines. Programs of the simulation take no processor time, so only `real` counts. */
import type { Shell } from './shell.ts'

export function formatTimes(shell: Shell, kind: 'time' | 'time -p', us: number): string {
  const ms = Math.floor(us / 1000)
  if (kind === 'time -p' || shell.dialect === 'sh') {
    const seconds = `${Math.floor(ms / 1000)}.${String(Math.floor((ms % 1000) / 10)).padStart(2, '0')}`
    return `real ${seconds}\nuser 0.00\nsys 0.00\n`
  }
  const minutes = Math.floor(ms / 60000)
  const real = `${minutes}m${Math.floor((ms % 60000) / 1000)}.${String(ms % 1000).padStart(3, '0')}s`
  return `\nreal\t${real}\nuser\t0m0.000s\nsys\t0m0.000s\n`
}
