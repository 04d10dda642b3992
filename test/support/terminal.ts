/** A person at a terminal: keys in, a real screen (xterm's own emulator) out. */
import xterm from '@xterm/headless'
import type { Machine, Process, SpawnOptions, Tty } from '../../core/linux/index.ts'

export class Terminal {
  readonly machine: Machine
  readonly tty: Tty
  readonly login: Process
  /** Everything that was sent to the screen. */
  raw = ''
  exitCode = -1
  readonly #screen: InstanceType<typeof xterm.Terminal>
  #pending = ''

  constructor(machine: Machine, options: Partial<SpawnOptions> & { columns?: number; rows?: number; term?: string } = {}) {
    const { columns = 40, rows = 10, term = 'dumb', ...spawn } = options
    this.machine = machine
    this.#screen = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 100 })
    this.tty = machine.openTty({
      id: 't1', columns, rows, term,
      onOutput: (text) => {
        this.raw += text
        this.#pending += text
      },
    })
    this.login = machine.login(this.tty, { argv: ['bash'], onExit: (code) => { this.exitCode = code }, ...spawn })
    this.wait()
  }

  /** Types, and lets the machine work until it settles. */
  type(...keys: string[]): this {
    for (const key of keys) {
      this.tty.input(key)
      this.wait()
    }
    return this
  }

  /** Lets virtual time pass: until nothing but sleeps is left (a tenth of a second at most), or for `seconds` more. */
  wait(seconds = 0): this {
    const { clock } = this.machine.world
    if (seconds > 0) clock.advance(clock.nowUs + seconds * 1e6, 1_000_000)
    const endUs = clock.nowUs + 100_000
    for (let i = 0; i < 200_000 && clock.foregroundPending > 0 && clock.nowUs < endUs; i += 1) clock.step()
    return this
  }

  resize(columns: number, rows: number): this {
    this.#screen.resize(columns, rows)
    this.tty.resize(columns, rows)
    return this.wait()
  }

  /** The screen as text, `|` where the cursor is. */
  async screen(): Promise<string> {
    const pending = this.#pending
    this.#pending = ''
    await new Promise<void>((resolve) => this.#screen.write(pending, resolve))
    const buffer = this.#screen.buffer.active
    const lines: string[] = []
    for (let row = 0; row < this.#screen.rows; row += 1) {
      const line = buffer.getLine(buffer.baseY + row)
      let text = ''
      for (let column = 0; column < this.#screen.cols; column += 1) {
        if (row === buffer.cursorY && column === buffer.cursorX) text += '|'
        const cell = line?.getCell(column)
        if (cell && cell.getWidth() > 0) text += cell.getChars() || ' '
      }
      if (row === buffer.cursorY && buffer.cursorX >= this.#screen.cols) text += '|'
      lines.push(text.trimEnd())
    }
    while (lines.length > 0 && lines[lines.length - 1] === '') lines.pop()
    return lines.join('\n')
  }
}
