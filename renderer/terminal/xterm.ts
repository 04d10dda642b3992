import { FitAddon } from '@xterm/addon-fit'
import { type ITheme, Terminal } from '@xterm/xterm'
import '@xterm/xterm/css/xterm.css'

export interface LiveTerminal {
  write(text: string): void
  fit(): void
  focus(): void
  focusUnlessSelecting(): void
  setTheme(theme: ITheme): void
  dispose(): void
}

const css = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()

/** The app's colours for a terminal: words of programs stay legible on both themes. */
export function terminalTheme(): ITheme {
  const muted = css('--muted')
  return {
    background: css('--canvas'),
    foreground: css('--text'),
    cursor: css('--text'),
    scrollbarSliderBackground: `${css('--strong')}99`,
    scrollbarSliderHoverBackground: css('--strong'),
    scrollbarSliderActiveBackground: css('--strong'),
    overviewRulerBorder: css('--canvas'),
    cursorAccent: css('--canvas'),
    selectionBackground: `${css('--blue')}55`,
    black: css('--raised'),
    red: css('--red'),
    green: css('--teal'),
    yellow: css('--amber'),
    blue: css('--blue'),
    magenta: css('--violet'),
    cyan: css('--teal'),
    white: css('--text'),
    brightBlack: muted,
    brightRed: css('--red'),
    brightGreen: css('--teal'),
    brightYellow: css('--amber'),
    brightBlue: css('--blue'),
    brightMagenta: css('--violet'),
    brightCyan: css('--teal'),
    brightWhite: css('--text'),
  }
}

export function openTerminal(
  box: HTMLElement,
  options: { label: string; data: (data: string) => void; resize: (columns: number, rows: number) => void },
): LiveTerminal {
  const terminal = new Terminal({
    fontFamily: "'JetBrains Mono Variable', 'Noto Sans Mono CJK SC', monospace",
    fontSize: 12,
    lineHeight: 1.25,
    cursorBlink: false,
    scrollback: 5000,
    theme: terminalTheme(),
    overviewRuler: { width: 8 },
    allowProposedApi: false,
    macOptionIsMeta: true,
    minimumContrastRatio: 4.5,
    screenReaderMode: false,
  })
  const fit = new FitAddon()
  terminal.loadAddon(fit)
  terminal.open(box)
  terminal.textarea?.setAttribute('aria-label', options.label)
  terminal.textarea?.setAttribute('data-autofocus', '')
  // The app's own chords pass through to the window; everything else is the shell's.
  terminal.attachCustomKeyEventHandler((event) => {
    if (event.key === 'F1' || /^F(8|9|10|11)$/.test(event.key)) return false
    if (event.ctrlKey && event.shiftKey && event.key.toUpperCase() === 'P') return false
    if (event.ctrlKey && event.shiftKey && event.key.toUpperCase() === 'C') {
      if (event.type === 'keydown' && terminal.hasSelection()) void navigator.clipboard?.writeText(terminal.getSelection())
      event.preventDefault()
      return false
    }
    return !(event.ctrlKey && /^[1-4]$/.test(event.key))
  })
  terminal.onData(options.data)
  let size = ''
  const refit = () => {
    if (box.clientWidth < 40 || box.clientHeight < 20) return
    fit.fit()
    const now = `${terminal.cols}x${terminal.rows}`
    if (now === size) return
    size = now
    options.resize(terminal.cols, terminal.rows)
  }
  let pending = 0
  const observer = new ResizeObserver(() => {
    cancelAnimationFrame(pending)
    pending = requestAnimationFrame(refit)
  })
  observer.observe(box)
  refit()
  return {
    write: (text) => terminal.write(text),
    fit: refit,
    focus: () => terminal.focus(),
    focusUnlessSelecting: () => {
      if (!terminal.hasSelection()) terminal.focus()
    },
    setTheme: (theme) => {
      terminal.options.theme = theme
    },
    dispose: () => {
      observer.disconnect()
      terminal.dispose()
    },
  }
}
