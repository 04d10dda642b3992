/** Log lines in the format of k8s.io/klog/v2: `I0102 15:04:05.000000       1 file.go:10] message`. */
import type { Process } from '../linux/process.ts'

export class Klog {
  readonly #proc: Process

  constructor(proc: Process) {
    this.#proc = proc
  }

  info(place: string, message: string): void {
    this.#line('I', place, message)
  }

  error(place: string, message: string): void {
    this.#line('E', place, message)
  }

  #line(level: string, place: string, message: string): void {
    const { world, localPid } = this.#proc
    // 2026-01-02T15:04:05Z
    const iso = world.nowIso()
    const micros = String(world.clock.nowUs % 1_000_000).padStart(6, '0')
    const stamp = `${iso.slice(5, 7)}${iso.slice(8, 10)} ${iso.slice(11, 19)}.${micros}`
    this.#proc.error(`${level}${stamp} ${String(localPid).padStart(7)} ${place}] ${message}\n`)
  }
}
