import { session } from './session.svelte.ts'
import { shell } from './shell.svelte.ts'
import { world } from './world.svelte.ts'

export interface TerminalTab {
  tty: string
  title: string
  machine: string
  pod: string
  open: boolean
}

/** Terminals are the world's: the tabs are what the trace says is open. */
class TerminalsState {
  #chosen = $state('')
  #closed = $state<string[]>([])
  #pending = 0
  #greeted = ''

  constructor() {
    session.listenReset((same) => {
      if (same) return
      this.#closed = []
      this.#chosen = ''
    })
  }

  readonly tabs = $derived.by<TerminalTab[]>(() => {
    void session.epoch
    return [...world.terminals.values()]
      .filter((terminal) => !this.#closed.includes(terminal.tty) && terminal.open)
      .map((terminal) => ({
        tty: terminal.tty,
        title: terminal.pod === '' ? terminal.machine : (terminal.pod.split('/')[1] ?? terminal.pod),
        machine: terminal.machine,
        pod: terminal.pod,
        open: terminal.open,
      }))
  })
  readonly active = $derived(this.tabs.find((tab) => tab.tty === this.#chosen)?.tty ?? this.tabs[0]?.tty ?? '')

  /** A session that never had a terminal gets one on the workstation, as soon as there is a workstation to log in to. */
  openFirst(): void {
    const id = session.info?.id ?? ''
    const ready = world.control.booted && world.nowUs >= session.historyUs && world.topology.machines.has('workstation')
    if (id === '' || id === this.#greeted || session.past || !ready) return
    this.#greeted = id
    if (world.terminals.size === 0) void this.openOn('workstation')
  }

  choose(tty: string): void {
    this.#chosen = tty
  }

  /** Opens a login shell on a machine, or a shell in a container (`namespace/name/container`). */
  async openOn(machine: string, pod = '', columns = 80, rows = 24): Promise<void> {
    const number = Math.max(0, ...[...world.terminals.keys()].map((tty) => Number.parseInt(tty, 10) || 0)) + 1 + this.#pending
    this.#pending += 1
    const tty = `${number}:${pod === '' ? machine : pod}`
    this.#chosen = tty
    await session.submit({ kind: 'tty.open', tty, machine, pod, columns, rows })
    this.#pending -= 1
    shell.focused = 'terminal'
  }

  close(tty: string): void {
    this.#closed.push(tty)
    void session.submit({ kind: 'tty.close', tty })
  }

  /** Types a line into the first terminal of a machine, opening one when there is none. */
  async type(machine: string, text: string): Promise<void> {
    let tab = this.tabs.find((one) => one.machine === machine && one.pod === '')
    if (tab === undefined) {
      await this.openOn(machine)
      tab = this.tabs.find((one) => one.machine === machine && one.pod === '')
    }
    const tty = tab?.tty ?? this.#chosen
    this.#chosen = tty
    await session.submit({ kind: 'tty.data', tty, data: text })
  }

  cycle(by: number): void {
    const { tabs } = this
    if (tabs.length === 0) return
    const at = tabs.findIndex((tab) => tab.tty === this.active)
    this.#chosen = tabs[(at + by + tabs.length) % tabs.length]!.tty
  }
}

export const terminals = new TerminalsState()
