import { shell } from '../state/shell.svelte.ts'
import { allCommands } from './commands.ts'

const ARROWS = new Map([
  ['ArrowLeft', '←'],
  ['ArrowRight', '→'],
  ['ArrowUp', '↑'],
  ['ArrowDown', '↓'],
])

/** `Ctrl Shift P`, as the palette shows it. */
function chord(event: KeyboardEvent): string {
  const key = ARROWS.get(event.key) ?? (event.key.length === 1 ? event.key.toUpperCase() : event.key)
  const shifted = event.shiftKey && (event.key.length > 1 || event.ctrlKey)
  return [event.ctrlKey || event.metaKey ? 'Ctrl' : '', event.altKey ? 'Alt' : '', shifted ? 'Shift' : '', key]
    .filter((part) => part !== '')
    .join(' ')
}

const inText = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.closest('.monaco-editor') !== null)

/** Keys that a shell in a terminal needs more than the app does. */
const TERMINAL_KEYS = new Set(['Ctrl B', 'Ctrl S', 'Ctrl /', 'Alt ←', 'Alt →', 'Alt ↑', 'Alt ↓', 'Ctrl ↑', 'Ctrl ↓'])

/** Runs in the capture of the window: VS Code's keys for the frame of the app. */
export function handleKey(event: KeyboardEvent): void {
  if (event.defaultPrevented) return
  const keys = chord(event)
  if (keys === 'Ctrl Shift P' || keys === 'F1') {
    event.preventDefault()
    shell.paletteOpen = true
    return
  }
  if (shell.paletteOpen || shell.keysOpen) return
  const inTerminal = event.target instanceof HTMLElement && event.target.closest('.xterm') !== null
  if (inTerminal && TERMINAL_KEYS.has(keys)) return
  if (keys === '?' && !inText(event.target) && !inTerminal) {
    event.preventDefault()
    shell.keysOpen = true
    return
  }
  if (!event.ctrlKey && !event.metaKey && !event.altKey && !/^F\d+$/.test(event.key)) return
  const command = allCommands().find((one) => one.keys === keys)
  if (command === undefined) return
  event.preventDefault()
  command.run()
}
