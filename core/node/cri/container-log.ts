/**
 * What a container wrote, line by line with its time, as containerd keeps it in /var/log/pods (CRI logging: `time stream P|F
 * text`). The oldest lines are forgotten.
 *
 * Omits: rotation into several files (containerLogMaxSize); here the head is cut.
 */
export interface LogLine {
  atUs: number
  stream: 'stdout' | 'stderr'
  text: string
}

const LINES_MAX = 20_000
/** An unfinished line longer than this is cut in two, as containerd does at 16 KiB. */
const LINE_CHARS_MAX = 16_384

export class ContainerLog {
  readonly #nowUs: () => number
  #lines: LogLine[] = []
  readonly #open = { stdout: '', stderr: '' }
  readonly #followers = new Set<(line: LogLine) => void>()
  readonly #taps = new Set<(stream: 'stdout' | 'stderr', text: string) => void>()
  #ended = false
  readonly #onEnd = new Set<() => void>()

  constructor(nowUs: () => number) {
    this.#nowUs = nowUs
  }

  write(stream: 'stdout' | 'stderr', text: string): void {
    for (const tap of [...this.#taps]) tap(stream, text)
    const parts = (this.#open[stream] + text).split('\n')
    this.#open[stream] = parts.pop() as string
    for (const part of parts) this.#push(stream, part)
    while (this.#open[stream].length > LINE_CHARS_MAX) {
      this.#push(stream, this.#open[stream].slice(0, LINE_CHARS_MAX))
      this.#open[stream] = this.#open[stream].slice(LINE_CHARS_MAX)
    }
  }

  /** The container has ended: what was not finished by a newline becomes a line. */
  end(): void {
    if (this.#ended) return
    for (const stream of ['stdout', 'stderr'] as const) {
      if (this.#open[stream] !== '') this.#push(stream, this.#open[stream])
      this.#open[stream] = ''
    }
    this.#ended = true
    for (const listener of [...this.#onEnd]) listener()
    this.#followers.clear()
    this.#taps.clear()
    this.#onEnd.clear()
  }

  get ended(): boolean {
    return this.#ended
  }

  /** A copy of what is kept, unfinished lines included. */
  lines(): LogLine[] {
    const lines = [...this.#lines]
    for (const stream of ['stdout', 'stderr'] as const) {
      if (this.#open[stream] !== '') lines.push({ atUs: this.#nowUs(), stream, text: this.#open[stream] })
    }
    return lines
  }

  /** The last `bytes` characters, for a terminated container's message. */
  tail(lines: number, chars: number): string {
    return this.lines().slice(-lines).map((l) => `${l.text}\n`).join('').slice(-chars)
  }

  follow(onLine: (line: LogLine) => void, onEnd: () => void): () => void {
    this.#followers.add(onLine)
    this.#onEnd.add(onEnd)
    return () => {
      this.#followers.delete(onLine)
      this.#onEnd.delete(onEnd)
    }
  }

  /** Hears raw output as it comes: attach. */
  tap(onText: (stream: 'stdout' | 'stderr', text: string) => void): () => void {
    this.#taps.add(onText)
    return () => this.#taps.delete(onText)
  }

  #push(stream: 'stdout' | 'stderr', text: string): void {
    const line: LogLine = { atUs: this.#nowUs(), stream, text }
    this.#lines.push(line)
    if (this.#lines.length > LINES_MAX) this.#lines = this.#lines.slice(LINES_MAX / 10)
    for (const follower of [...this.#followers]) follower(line)
  }
}
