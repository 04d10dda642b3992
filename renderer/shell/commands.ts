import { t } from '../i18n/i18n.svelte.ts'
import { exportPackets } from '../state/capture.ts'
import { editor } from '../state/editor.svelte.ts'
import { packetList } from '../state/packet-list.svelte.ts'
import { playback } from '../state/playback.svelte.ts'
import { preferences } from '../state/preferences.svelte.ts'
import { selection } from '../state/selection.svelte.ts'
import { session } from '../state/session.svelte.ts'
import { shell, type Panel } from '../state/shell.svelte.ts'

export interface Command {
  id: string
  title: string
  keys: string
  run: () => void
}

/** Puts the keyboard into a panel. */
export function focusPanel(panel: Panel): void {
  shell.focused = panel
  if (panel === 'editor') shell.showEditor()
  if (panel === 'topology') shell.showTopology()
  requestAnimationFrame(() => document.querySelector<HTMLElement>(`[data-panel="${panel}"] [data-autofocus]`)?.focus())
}

/** Everything that the palette offers and keys run. Titles are in the reader's language, so this is asked anew each time. */
export function allCommands(): Command[] {
  const command = (id: string, title: string, keys: string, run: () => void): Command => ({ id, title, keys, run })
  return [
    command('play', t('cmd.play'), 'F8', () => session.togglePlay()),
    command('step-packet', t('cmd.step.packet'), 'F10', () => session.step('packet')),
    command('step-control', t('cmd.step.control'), 'F11', () => session.step('control')),
    command('step-drop', t('cmd.step.drop'), 'Shift F10', () => session.step('drop')),
    command('step-back', t('cmd.step.back'), 'F9', () => session.stepBack()),
    ...(session.past
      ? [
          command('present', t('cmd.present'), '', () => session.present()),
          command('take-over', t('cmd.takeOver'), '', () => session.takeOver()),
        ]
      : []),
    command('apply', t('cmd.apply'), 'Ctrl Enter', () => void editor.applyActive()),
    command('save', t('cmd.save'), 'Ctrl S', () => void editor.save()),
    command('new-file', t('cmd.newFile'), '', () => editor.create()),
    command('filter', t('cmd.filter'), 'Ctrl /', () => {
      shell.bottom = 'packets'
      requestAnimationFrame(() => document.querySelector<HTMLElement>('[data-testid="packet-filter"]')?.focus())
    }),
    command('follow', t('cmd.follow'), '', () => playback.record !== null && packetList.followFlow(playback.record)),
    command('packet-next', t('cmd.packet.next'), 'Ctrl ↓', () => packetList.move(1)),
    command('packet-previous', t('cmd.packet.previous'), 'Ctrl ↑', () => packetList.move(-1)),
    command('hop-next', t('cmd.hop.next'), 'Alt ↓', () => playback.goTo(playback.hop + 1)),
    command('hop-previous', t('cmd.hop.previous'), 'Alt ↑', () => playback.goTo(playback.hop - 1)),
    command('pcap', t('cmd.pcap'), '', () => exportPackets()),
    command('back', t('cmd.back'), 'Alt ←', () => selection.back()),
    command('forward', t('cmd.forward'), 'Alt →', () => selection.forward()),
    command('side', t('cmd.side'), 'Ctrl B', () => shell.toggleSide()),
    ...(['lab', 'files', 'objects', 'faults', 'sessions'] as const).map((view) =>
      command(`side-${view}`, t('cmd.view', { view: t(`side.${view}`) }), '', () => {
        shell.side = view
        shell.sideOpen = true
      }),
    ),
    ...(['network', 'services', 'control'] as const).map((view) =>
      command(`topology-${view}`, t('cmd.view', { view: t(`topo.${view}`) }), '', () => {
        shell.topologyView = view
        shell.showTopology()
      }),
    ),
    command('table', t('cmd.table'), '', () => (shell.topologyAsTable = !shell.topologyAsTable)),
    ...(['topology', 'editor', 'terminal', 'bottom'] as const).map((panel, index) =>
      command(`focus-${panel}`, t(`cmd.focus.${panel}`), `Ctrl ${index + 1}`, () => focusPanel(panel)),
    ),
    ...(['system', 'light', 'dark'] as const).map((theme) =>
      command(`theme-${theme}`, t('cmd.theme', { theme: t(`theme.${theme}`) }), '', () => preferences.setTheme(theme)),
    ),
    command('language-en', t('cmd.language', { language: 'English' }), '', () => preferences.setLanguage('en')),
    command('language-zh', t('cmd.language', { language: '中文' }), '', () => preferences.setLanguage('zh')),
    command('keys', t('cmd.keys'), '?', () => (shell.keysOpen = true)),
    command('home', t('cmd.home'), '', () => void session.close()),
  ]
}
