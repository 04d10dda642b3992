import { session } from './session.svelte.ts'
import { shell } from './shell.svelte.ts'
import { world } from './world.svelte.ts'

export interface EditorTab {
  path: string
  text: string
  /** As last saved or read. */
  saved: string
  /** What the file became elsewhere while it was being edited here; null when both agree. */
  elsewhere: string | null
}

export interface ApplyRun {
  exec: string
  path: string
}

export interface Problem {
  path: string
  line: number
  column: number
  message: string
  severity: 'error' | 'warning' | 'info'
}

export const WORKSTATION = 'workstation'
const NEW_FILE = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
        - name: nginx
          image: nginx:1.27
          ports:
            - containerPort: 80
`

/** The editor's tabs: files of the workstation, the same that its terminal sees. */
class EditorState {
  tabs = $state<EditorTab[]>([])
  active = $state('')
  cursorLine = $state(1)
  problems = $state.raw<Problem[]>([])
  apply = $state.raw<ApplyRun | null>(null)
  /** The tab asks Monaco to show this line. */
  reveal = $state.raw<{ path: string; line: number } | null>(null)
  #nextExec = 1
  #handledRequests = 0
  #opened = false

  readonly tab = $derived(this.tabs.find((tab) => tab.path === this.active) ?? null)
  readonly home = $derived.by(() => {
    const first = [...world.files.keys()].find((path) => path.startsWith('/root/') || path.startsWith('/home/'))
    if (first === undefined || first.startsWith('/root/')) return '/root'
    return first.split('/').slice(0, 3).join('/')
  })

  constructor() {
    session.listenReset((same) => {
      this.#handledRequests = 0
      if (!same) this.reset()
    })
    world.listen((changed) => {
      if (changed.has('files')) {
        this.#syncFiles()
        this.#openFirst()
      }
      if (changed.has('editor')) this.#openRequested()
    })
  }

  reset(): void {
    this.tabs = []
    this.active = ''
    this.apply = null
    this.problems = []
    this.#handledRequests = 0
    this.#opened = false
  }

  open(path: string, line = 0): void {
    if (!this.tabs.some((tab) => tab.path === path)) {
      const content = world.files.get(path)?.content ?? ''
      this.tabs.push({ path, text: content, saved: content, elsewhere: null })
    }
    this.active = path
    if (line > 0) this.reveal = { path, line }
    shell.showEditor()
    shell.focused = 'editor'
  }

  create(): void {
    let path = `${this.home}/web.yaml`
    for (let number = 2; world.files.has(path) || this.tabs.some((tab) => tab.path === path); number += 1)
      path = `${this.home}/web-${number}.yaml`
    this.tabs.push({ path, text: NEW_FILE, saved: '', elsewhere: null })
    this.active = path
    shell.showEditor()
  }

  close(path: string): void {
    const at = this.tabs.findIndex((tab) => tab.path === path)
    if (at < 0) return
    this.tabs.splice(at, 1)
    if (this.active === path) this.active = this.tabs[Math.max(0, at - 1)]?.path ?? ''
  }

  edit(path: string, text: string): void {
    const tab = this.tabs.find((one) => one.path === path)
    if (tab !== undefined) tab.text = text
  }

  async save(path = this.active): Promise<void> {
    const tab = this.tabs.find((one) => one.path === path)
    if (tab === undefined) return
    const content = tab.text
    const done = await session.submit({ kind: 'file.write', machine: WORKSTATION, path, content })
    if (done === undefined) return
    tab.saved = content
    tab.elsewhere = null
  }

  /** Saves, then `kubectl apply -f` on the workstation, as typing it would. */
  async applyActive(): Promise<void> {
    const { tab } = this
    if (tab === null || session.past) return
    await this.save(tab.path)
    const exec = `apply-${session.info?.id ?? ''}-${session.nowUs}-${this.#nextExec++}`
    this.apply = { exec, path: tab.path }
    const done = await session.submit({
      kind: 'exec',
      exec,
      machine: WORKSTATION,
      line: `kubectl apply -f '${tab.path.replaceAll("'", "'\\''")}'`,
    })
    if (done === undefined) this.apply = null
  }

  takeElsewhere(path: string): void {
    const tab = this.tabs.find((one) => one.path === path)
    if (tab === undefined || tab.elsewhere === null) return
    tab.text = tab.elsewhere
    tab.saved = tab.elsewhere
    tab.elsewhere = null
  }

  /** A session's first manifest is open when the session is: an empty editor teaches less. */
  #openFirst(): void {
    if (this.#opened || this.tabs.length > 0) return
    const first = [...world.files.keys()]
      .filter((path) => /\.ya?ml$/.test(path) && !path.includes('/.'))
      .sort((a, b) => (a < b ? -1 : 1))[0]
    if (first === undefined) return
    this.#opened = true
    const content = world.files.get(first)?.content ?? ''
    this.tabs.push({ path: first, text: content, saved: content, elsewhere: null })
    this.active = first
  }

  #syncFiles(): void {
    for (const tab of this.tabs) {
      const content = world.files.get(tab.path)?.content
      if (content === undefined || content === tab.saved) continue
      if (tab.text === tab.saved || content === tab.text) {
        tab.text = content
        tab.saved = content
        tab.elsewhere = null
      } else tab.elsewhere = content
    }
  }

  #openRequested(): void {
    const requests = world.editorRequests
    // What a program asked for in the past was answered then.
    if (world.nowUs <= session.historyUs) this.#handledRequests = requests.length
    for (; this.#handledRequests < requests.length; this.#handledRequests += 1) this.open(requests[this.#handledRequests]!.path)
  }
}

export const editor = new EditorState()
