import { preferences } from './preferences.svelte.ts'

export type SideView = 'lab' | 'files' | 'objects' | 'faults' | 'sessions'
export type TopologyView = 'network' | 'services' | 'control'
export type BottomTab = 'packets' | 'events' | 'problems'
export type Panel = 'side' | 'topology' | 'editor' | 'terminal' | 'bottom'

export interface Notice {
  id: number
  tone: 'info' | 'bad'
  text: string
  report: string
  group: string
}

const NARROW_BELOW_PX = 1200
const NOTICE_MS = 6_000
const NOTICES_MAX = 4

/** What is open in the app's frame. */
class ShellState {
  side = $state<SideView>('lab')
  sideOpen = $state(true)
  topologyView = $state<TopologyView>('network')
  topologyAsTable = $state(false)
  bottom = $state<BottomTab>('packets')
  /** Below 1200 px the editor shares the place of the topology. */
  narrow = $state(false)
  mainTab = $state<'topology' | 'editor'>('topology')
  paletteOpen = $state(false)
  keysOpen = $state(false)
  focused = $state<Panel>('topology')
  notices = $state<Notice[]>([])
  #nextNotice = 1

  load(): void {
    this.sideOpen = preferences.flag('sideOpen', true)
    const query = matchMedia(`(max-width: ${NARROW_BELOW_PX - 1}px)`)
    this.narrow = query.matches
    query.addEventListener('change', (change) => {
      this.narrow = change.matches
    })
  }

  toggleSide(view?: SideView): void {
    if (view === undefined || (this.side === view && this.sideOpen)) this.sideOpen = !this.sideOpen
    else {
      this.side = view
      this.sideOpen = true
    }
    preferences.keep('sideOpen', this.sideOpen)
  }

  /** A notice of the same group is not shown while the first one stands: it says enough. */
  notify(text: string, tone: Notice['tone'] = 'info', report = '', group = ''): void {
    if (group !== '' && this.notices.some((notice) => notice.group === group)) return
    const id = this.#nextNotice++
    this.notices = [...this.notices, { id, tone, text, report, group }].slice(-NOTICES_MAX)
    if (tone === 'info') setTimeout(() => this.dismiss(id), NOTICE_MS)
  }

  dismiss(id: number): void {
    this.notices = this.notices.filter((notice) => notice.id !== id)
  }

  /** Runs what may be refused; a refusal is shown in the host's words. */
  async guard<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      this.notify(error instanceof Error ? error.message : String(error), 'bad')
      return undefined
    }
  }

  showEditor(): void {
    if (this.narrow) this.mainTab = 'editor'
  }

  showTopology(): void {
    if (this.narrow) this.mainTab = 'topology'
  }
}

export const shell = new ShellState()
