/** Every part of the workbench, used as a person uses it: one app, small tests that follow each other in one lab. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { App } from '../support/app.ts'
import { findBrowser } from '../support/browser.ts'

const browser = await findBrowser()
const LAB = '02-services/02-node-port'
/** Words that are names of things, the same in every language. */
const NAMES =
  /^([A-Z]{2,}(-[A-Z]+)*|\w+_\w+|[0-9a-f]{2}|blackhole|[a-z0-9]+(-[a-z0-9]+)+|[0-9a-f]{12,}|root|flanneld|kubeadm|kubernetes|Vethlab|Ctrl|Shift|CNI|NAT|DNAT|SNAT|YAML|English|Pod|Pods|Service|Services|Deployment|NodePort|ClusterIP|Tomcat|client|workstation|control-plane|worker-\d|router|kube-proxy|kube-flannel-ds|kubelet|iptables|host-gw|netfilter|nat|filter|apiserver|v\d\S*|eth\d|cni\d|veth\w*|TTL|MAC|MTU|IP|ARP|TCP|UDP|DNS|ICMP|HTTP|FDB|SYN|ACK|br\d|dev|nginx|busybox|coredns|frontend|box|tomcat\S*|default|kube-\w+|PREROUTING|POSTROUTING|FORWARD|INPUT|OUTPUT|ACCEPT|in|pcapng|shell|kubectl|conntrack|NEW|ESTABLISHED|Running|AGE|NAME|READY|STATUS|Delete|from-shell|web|yaml|tcp|port|dstport|flags|syn|x\d*|kB|m?s|seed|F\d+)$/

describe.skipIf(!browser)('the workbench', () => {
  let app: App
  const press = (keys: string) => app.page.keyboard.press(keys)
  const attribute = (id: string, name: string) => app.by(id).getAttribute(name)
  const editorText = async () => (await app.page.locator('.monaco-editor .view-lines').first().innerText()).replaceAll('\u00a0', ' ')
  const inEditor = () => app.page.locator('.monaco-editor .view-lines').first().click()
  /** Until a question about the page has the wanted answer. */
  const until = async (what: string, holds: () => Promise<boolean>, timeoutMs = 20_000) => {
    const endMs = Date.now() + timeoutMs
    while (!(await holds())) {
      if (Date.now() > endMs) throw new Error(`waited for: ${what}`)
      await app.page.waitForTimeout(40)
    }
  }

  beforeAll(async () => {
    app = await App.start({ width: 1440, height: 900 })
  })
  afterAll(async () => {
    await app?.end()
  })

  test('keys alone lead from the start screen into a lab', async () => {
    await app.by(`lab-${LAB}`).waitFor()
    for (let count = 0; count < 20; count += 1) {
      await press('Tab')
      if ((await app.page.evaluate(() => (document.activeElement as HTMLElement | null)?.dataset['testid'])) === `lab-${LAB}`) break
    }
    await press('Enter')
    await app.by('workbench').waitFor()
    await app.waitForScreen('workstation', /workstation:~\$/)
    expect(await app.by('clock').innerText()).toMatch(/\d\d:\d\d:\d\d\.\d{6}/)
  })

  describe('terminal', () => {
    test('it is wide enough for what kubectl prints', async () => {
      await app.type('workstation', "clear; printf 'x%.0s' $(seq 70); echo")
      await app.waitForScreen('workstation', /^x{70}$/m)
    })

    test('Tab completes commands, resources and files', async () => {
      await app.by('terminal-workstation').click()
      await app.page.keyboard.type('cat tomcat-s')
      await press('Tab')
      await app.waitForScreen('workstation', /cat tomcat-service\.yaml/)
      await press('Control+c')
      await app.page.keyboard.type('kubectl get deplo')
      await press('Tab')
      await app.waitForScreen('workstation', /kubectl get deployments/)
      await press('Control+c')
    })

    test('Ctrl-C ends what runs', async () => {
      await app.type('workstation', 'clear; sleep 1000; echo not-$((1+1))')
      await app.waitForScreen('workstation', /^\s*$/m)
      await press('Control+c')
      await app.waitForScreen('workstation', /\^C[\s\S]*workstation:~\$/)
      expect(await app.screen('workstation')).not.toContain('not-2')
    })

    test('arrow up and Ctrl-R bring lines back', async () => {
      await app.type('workstation', 'clear; echo first-$((20+1))')
      await app.waitForScreen('workstation', /^first-21$/m)
      await app.type('workstation', 'clear')
      await press('ArrowUp')
      await press('ArrowUp')
      await app.waitForScreen('workstation', /\$ clear; echo first-\$\(\(20\+1\)\)\s*$/m)
      await press('Control+c')
      await press('Control+r')
      await app.page.keyboard.type('first-')
      await app.waitForScreen('workstation', /reverse-i-search\).*first-/)
      await press('Enter')
      await app.waitForScreen('workstation', /^first-21$/m)
    })

    test('a shell inside a pod, and one on a node', async () => {
      await app.type('workstation', 'clear; kubectl run box --image=busybox -- sleep 99999; kubectl wait --for=condition=Ready pod/box')
      await app.waitForScreen('workstation', /box condition met/)
      await app.type('workstation', 'kubectl exec -it box -- sh')
      await app.waitForScreen('workstation', /\/ #$/m)
      await app.type('workstation', 'hostname; ls /proc >/dev/null; exit')
      await app.waitForScreen('workstation', /^box$[\s\S]*workstation:~\$/m)
      await app.type('workstation', 'clear; ssh worker-1')
      await app.waitForScreen('workstation', /^worker-1:~[$#]/m)
      await app.type('workstation', 'ip -br link show cni0; exit')
      await app.waitForScreen('workstation', /^cni0\s+UP[\s\S]*workstation:~\$/m)
    })

    test('the + menu opens a terminal in a pod', async () => {
      await app.by('term-new').click()
      await app.page.locator('[role="menuitem"]', { hasText: /^\s*box/ }).click()
      await app.waitForScreen('box', /\/ #/)
      await app.type('box', 'hostname -i')
      await app.waitForScreen('box', /^10\.244\.\d+\.\d+$/m)
    })
  })

  describe('editor', () => {
    test('completion knows kinds and fields', async () => {
      await app.by('editor-new').click()
      await app.by('editor-tab-web.yaml').waitFor()
      await app.page.locator('.monaco-editor .view-lines').first().waitFor()
      await inEditor()
      await press('Control+a')
      await press('Delete')
      await app.page.keyboard.type('apiVersion: apps/v1\nkind: Dep')
      await press('Control+Space')
      const row = app.page.locator('.suggest-widget .monaco-list-row', { hasText: 'Deployment' })
      await row.first().waitFor()
      await press('Enter')
      await until('Deployment is taken', async () => /kind: Deployment$/m.test(await editorText()))
      await app.page.keyboard.type('\nspec:')
      // The editor indents what it has understood, which shows in its colours.
      await app.page.locator('.monaco-editor .view-line span[class*="mtk"]:not(.mtk1)', { hasText: /^spec$/ }).waitFor()
      await press('Enter')
      await app.page.keyboard.type('rep')
      await press('Control+Space')
      await app.page.locator('.suggest-widget .monaco-list-row', { hasText: 'replicas' }).first().waitFor()
      await press('Enter')
      await until('replicas is taken', async () => /^\s+replicas:/m.test(await editorText()))
      await app.page.keyboard.type('2')
    })

    test('hover explains a field in the words of the API', async () => {
      await press('Home')
      await press('Control+k')
      await press('Control+i')
      await app.page.locator('.monaco-hover', { hasText: 'Number of desired pods' }).first().waitFor()
      await press('Escape')
    })

    test('what is saved is what the terminal reads', async () => {
      await press('Control+End')
      await app.page.keyboard.type('\n# saved-here')
      expect(await app.by('editor-tab-web.yaml').innerText()).toContain('●')
      await press('Control+s')
      await until('it is saved', async () => !(await app.by('editor-tab-web.yaml').innerText()).includes('●'))
      await app.by('term-tab-workstation').click()
      await app.type('workstation', 'clear; cat web.yaml')
      await app.waitForScreen('workstation', /kind: Deployment[\s\S]*# saved-here/)
    })

    test('a file from the terminal appears in Files, opens, and follows changes', async () => {
      await app.type('workstation', 'echo "apiVersion: v1" > from-shell.yaml')
      await app.by('side-files').click()
      await app.by('file-from-shell.yaml').click()
      await until('its text is shown', async () => (await editorText()).includes('apiVersion: v1'))
      await app.type('workstation', 'echo "kind: Pod" >> from-shell.yaml')
      await until('its change is shown', async () => (await editorText()).includes('kind: Pod'))
      await app.by('editor-tab-from-shell.yaml').press('Delete')
      await app.by('editor-tab-from-shell.yaml').waitFor({ state: 'detached' })
    })

    test('a quick fix mends a misspelt field by keyboard', async () => {
      await app.by('file-tomcat-deployment.yaml').click()
      await app.page.locator('.squiggly-error').first().waitFor()
      await app.by('tab-problems').click()
      const mistakes = () => app.by('problems').locator('li').count()
      await app.by('problems').waitFor()
      const before = await mistakes()
      await app.by('problems').locator('button', { hasText: 'matadata' }).first().click()
      await press('Control+.')
      await app.page.locator('.action-widget .monaco-list-row, .context-view .action-label').first().waitFor()
      await press('Enter')
      await until('it says metadata', async () => /^metadata:/m.test(await editorText()))
      await until('a problem less', async () => (await mistakes()) < before)
    })

    test('Apply shows the words of a refusal', async () => {
      await inEditor()
      await press('Control+Enter')
      await until('it is refused', async () => /^[1-9]/.test((await attribute('apply-result', 'data-exit')) ?? ''))
      expect(await app.by('apply-result').innerText()).toMatch(/no matches for kind|error/i)
    })

    test('mended, Apply creates it, and the line says what it became', async () => {
      await app.type(
        'workstation',
        "clear; sed -i -e 's#extension/v1beta1#apps/v1#' -e 's/matadata/metadata/' -e 's/replica:/replicas:/' -e '/^      spec:/,$s/^  //' tomcat-deployment.yaml",
      )
      await app.page.waitForFunction(() => !document.querySelector('.squiggly-error'))
      // Two edits met, the shell's and the unsaved quick fix: the shell's is taken.
      const take = app.page.getByRole('button', { name: 'Take that version' })
      if (await take.isVisible()) await take.click()
      await app.by('apply').click()
      await app
        .by('apply-result')
        .filter({ hasText: /created|configured/ })
        .waitFor()
      await inEditor()
      await press('Control+Home')
      await until('its pods are named', async () => /1 of 1 pods ready/.test(await app.by('line-became').innerText()))
      await app.type('workstation', 'clear; kubectl apply -f tomcat-service.yaml')
      await app.waitForScreen('workstation', /tomcat-service created/)
    })
  })

  describe('topology', () => {
    test('both ends of a veth pair have their names', async () => {
      await app.by('pod-eth-default/box').click()
      const text = await app.by('inspector').innerText()
      expect(text).toMatch(/eth0/)
      expect(text).toMatch(/worker-\d\D+veth[0-9a-f]{8}/)
      await app.by('topology-table').click()
      await app
        .by('network-table')
        .locator('tr', { hasText: 'default/box' })
        .filter({ hasText: /worker-\d:veth/ })
        .first()
        .waitFor()
      await app.by('topology-table').click()
      await app.by('network-view').waitFor()
    })

    test('the inspector of a pod opens a terminal in it', async () => {
      await app.by('pod-default/box').click()
      await app.by('term-tab-box').click()
      await app.by('terminal-box').waitFor()
      await until('the tab is closed', async () => {
        if ((await app.by('term-tab-box').count()) > 0) await app.by('term-tab-box').press('Delete')
        return (await app.by('term-tab-box').count()) === 0
      })
      await app.by('inspect-terminal').click()
      await app.waitForScreen('box', /\/ #/)
    })

    test('pods come and go as they are scaled', async () => {
      const pods = () => app.page.locator('[data-testid^="pod-default/frontend-"]').count()
      await app.by('term-tab-workstation').click()
      await app.type('workstation', 'clear; kubectl scale deployment frontend --replicas=3')
      await until('three pods', async () => (await pods()) === 3)
      await app.type('workstation', 'kubectl scale deployment frontend --replicas=1')
      await until('one pod', async () => (await pods()) === 1)
    })

    test('a cable that is cut is down everywhere', async () => {
      await app.by('side-faults').click()
      await app.by('cable-client').click()
      await app.by('faults').locator('li', { hasText: 'client' }).filter({ hasText: 'down' }).first().waitFor()
      await app.by('term-new').click()
      await app.by('term-open-client').click()
      await app.waitForScreen('client', /client:~\$/)
      await app.type('client', 'ip -br link show eth0; curl -sm2 http://172.18.0.3:31002/ || echo failed-$?')
      await app.waitForScreen('client', /failed-\d+/)
      await app.by('cable-client').click()
      await app.by('faults').locator('li', { hasText: 'client' }).filter({ hasText: 'up' }).first().waitFor()
      await app.type('client', 'clear')
    })
  })

  describe('lab guide', () => {
    test('a line of the lab types itself on the machine it is meant for', async () => {
      await app.by('side-lab').click()
      await app.page.locator('[data-testid="lab-step-knock"][data-state="current"]').waitFor()
      await app.by('lab-step-knock').locator('.fence button').first().click()
      await app.waitForScreen('client', /curl http:\/\/172\.18\.0\.3:31002\/[\s\S]*HTTP Status 404/)
      await app.page.locator('[data-testid="check-crossed"][data-state="pass"]').waitFor()
    })

    test('hints come one by one', async () => {
      await app.by('hint').click()
      await app.by('lab-step-knock').getByText('Hint 1').waitFor()
      expect(await app.by('lab-step-knock').getByText('Hint 2').count()).toBe(0)
      await app.by('hint').click()
      await app.by('lab-step-knock').getByText('Hint 2').waitFor()
    })

    test('a wrong answer is told why, the right one moves on', async () => {
      const progress = () => app.by('lab-guide').locator('[role="progressbar"]').getAttribute('aria-valuenow')
      expect(await progress()).toBe('2')
      await app.by('choice-client').click()
      await app.page.locator('[data-testid="check-predict"][data-state="fail"]').waitFor()
      await app.by('check-predict').getByText('Look at POSTROUTING').waitFor()
      await app.by('choice-node').click()
      await app.page.locator('[data-testid="lab-step-knock"][data-state="done"]').waitFor()
      await until('three steps are done', async () => (await progress()) === '3')
    })
  })

  describe('packets', () => {
    test('a filter that cannot be read says where', async () => {
      await app.by('tab-packets').click()
      await app.by('packet-filter').fill('tcp.dstport == == 3')
      expect(await attribute('packet-filter', 'aria-invalid')).toBe('true')
      expect(await app.page.locator('#filter-error').innerText()).toMatch(/==.*\b16$/)
      await app.by('packet-filter').fill('tcp.dstport == 31002 && tcp.flags.syn == 1 && !drop')
      expect(await attribute('packet-filter', 'aria-invalid')).toBe('false')
      await app.by('packet-row').first().waitFor()
    })

    test('a packet shows its way, and where its addresses changed', async () => {
      await app.by('packet-row').last().click()
      await app.by('packet-chip').waitFor()
      const detail = await app.by('packet-detail').innerText()
      expect(detail).toMatch(/PREROUTING[\s\S]*172\.18\.0\.3:31002 → 10\.244\.\d+\.\d+:8080/)
      expect(detail).toMatch(/POSTROUTING[\s\S]*172\.18\.0\.100:\d+ → (172\.18\.0\.3|10\.244\.1\.1):\d+/)
      const width = await app.by('packet-detail').evaluate((element) => element.clientWidth)
      expect(width).toBeGreaterThanOrEqual(270)
    })

    test('the hop player moves the packet over the picture', async () => {
      const where = () => app.by('packet-chip').evaluate((chip: HTMLElement) => `${chip.style.left} ${chip.style.top}`)
      const hop = async () => Number(/· (\d+) of/.exec(await app.by('hop-player').innerText())?.[1])
      await app.page.getByRole('button', { name: 'First hop' }).click()
      expect(await hop()).toBe(1)
      const start = await where()
      for (let count = 0; count < 9; count += 1) await app.by('hop-next').click()
      expect(await hop()).toBe(10)
      const later = await where()
      expect(later).not.toBe(start)
      await app.by('hop-back').click()
      expect(await hop()).toBe(9)
      await app.by('hop-play').click()
      await until('it walks on', async () => (await hop()) > 12)
      await app.by('hop-play').click()
      await app.page.locator('[data-testid^="stack-worker-1"]', { hasText: '→' }).waitFor()
    })

    test('bytes are the bytes of the capture, and Wireshark reads it', async () => {
      await app.by('toggle-bytes').click()
      const pane = await app.by('packet-bytes').locator('pre').innerText()
      await app.by('toggle-bytes').click()
      const hex = pane
        .split('\n')
        .map((line) => (/^[0-9a-f]{4} {2}((?:[0-9a-f]{2} {1,2})+)/.exec(line.replaceAll('\u00a0', ' '))?.[1] ?? '').replaceAll(' ', ''))
        .join('')
      expect(hex.length / 2).toBe(74)
      const [download] = await Promise.all([app.page.waitForEvent('download'), app.by('export-pcap').click()])
      const path = await download.path()
      const file = readFileSync(path)
      expect(file.includes(Buffer.from(hex, 'hex'))).toBe(true)
      const tshark = spawnSync('tshark', ['-r', path, '-T', 'fields', '-e', 'tcp.dstport', '-e', 'tcp.flags.syn', '-e', '_ws.malformed'], {
        encoding: 'utf8',
      })
      if (tshark.error) return
      const rows = tshark.stdout.trim().split('\n')
      expect(rows.length).toBeGreaterThan(4)
      expect([...new Set(rows.map((row) => row.trim().split(/\s+/)[1]))]).toMatchObject([expect.stringMatching(/^(1|True)$/)])
      expect(tshark.stdout).toContain('8080')
      expect(tshark.stdout).not.toMatch(/malformed/i)
    })

    test('one selection everywhere, with a history', async () => {
      const title = () => app.by('inspector').locator('h2').innerText()
      await app.page.locator('[data-testid="hop-origin"]', { hasText: 'tomcat-service' }).first().click()
      await until('the Service is shown', async () => (await title()) === 'tomcat-service')
      await app.by('rule-link').first().click()
      await until('a rule is shown', async () => (await title()) !== 'tomcat-service')
      const chain = await title()
      await press('Alt+ArrowLeft')
      await until('back at the Service', async () => (await title()) === 'tomcat-service')
      await press('Alt+ArrowRight')
      await until('forward at the rule', async () => (await title()) === chain)
      await app.by('inspector').getByRole('button', { name: 'Close' }).click()
    })

    test('the Services view leads to packets by their rules', async () => {
      await app.by('view-services').click()
      await app
        .by('services-view')
        .getByRole('button', { name: /tomcat-service/ })
        .first()
        .click()
      await app
        .by('services-view')
        .getByText(/--dport 31002/)
        .first()
        .waitFor()
      await app.by('services-view').getByRole('button', { name: 'Show packets of this Service' }).click()
      expect(await app.by('packet-filter').inputValue()).toContain('Service/default/tomcat-service')
      await app.by('packet-row').first().waitFor()
      await app.by('view-network').click()
    })
  })

  describe('time', () => {
    test('the speed menu changes the pace', async () => {
      await app.by('speed').click()
      await app.page.getByRole('menuitem', { name: '10×', exact: true }).click()
      await until('10×', async () => (await app.by('speed').innerText()).includes('10×'))
      await app.by('speed').click()
      await app.page.getByRole('menuitem', { name: '1×', exact: true }).click()
      await until('1×', async () => (await app.by('speed').innerText()).trim() === '1×')
    })

    test('the past is read, not written', async () => {
      await app.by('term-tab-workstation').click()
      await app.by('timeline').focus()
      await press('ArrowLeft')
      await app.by('past-banner').waitFor()
      expect(await app.by('apply').isDisabled()).toBe(true)
      expect(await app.by('term-new').isDisabled()).toBe(true)
      // The guide stands where it stood then, not at its beginning.
      expect(await app.by('lab-guide').innerText()).toMatch(/[23] of 5/)
      const before = await app.screen('workstation')
      await app.by('terminal-workstation').click()
      await app.page.keyboard.type('echo changed-the-past')
      await press('Enter')
      await app.by('timeline').focus()
      await press('Home')
      await until('the start is shown', async () => (await app.by('lab-guide').innerText()).includes('0 of 5'))
      expect(await app.page.locator('[data-testid^="pod-default/"]').count()).toBe(0)
      await app.by('return-present').click()
      await app.by('past-banner').waitFor({ state: 'detached' })
      await until('the terminal is back', async () => (await app.screen('workstation')).trim() === before.trim())
      expect(await app.screen('workstation')).not.toContain('changed-the-past')
    })

    test('next drop runs to where a packet dies', async () => {
      const playing = async () => (await attribute('play-pause', 'aria-pressed')) === 'true'
      if (!(await playing())) await app.by('play-pause').click()
      await app.by('packet-filter').fill('drop && icmp')
      const drops = await app.by('packet-row').count()
      await app.type('workstation', 'clear; kubectl exec box -- ping -c 400 10.96.0.1')
      await app.waitForScreen('workstation', /PING 10\.96\.0\.1/)
      await app.by('next-drop').click()
      await until('time stands', async () => !(await playing()))
      await until('a drop more', async () => (await app.by('packet-row').count()) > drops)
      await until('the packet shown died', async () => /dropped/.test(await app.by('packet-detail').innerText()))
      expect(await app.by('packet-chip').innerText()).toBe('dropped')
      await app.by('play-pause').click()
      await app.by('terminal-workstation').click()
      await press('Control+c')
      await app.waitForScreen('workstation', /packet loss[\s\S]*workstation:~\$|workstation:~\$\s*$/)
      await app.by('packet-filter').fill('')
    })
  })

  describe('the frame', () => {
    test('the command palette finds and runs a command', async () => {
      await press('Control+Shift+P')
      await app.by('palette-input').fill('control plane')
      await press('Enter')
      await app.by('control-view').waitFor()
      await app.by('palette').waitFor({ state: 'detached' })
      await app.by('view-network').click()
    })

    test('? shows the keys of where one is', async () => {
      await app.by('network-view').focus()
      await press('?')
      const help = app.by('keys-help')
      await help.waitFor()
      expect((await help.locator('h3').first().innerText()).toLowerCase()).toBe('topology')
      await press('Escape')
      await help.waitFor({ state: 'detached' })
    })

    test('Ctrl+B hides and shows the side bar', async () => {
      await app.by('network-view').focus()
      await press('Control+b')
      await app.by('side-bar').waitFor({ state: 'detached' })
      await press('Control+b')
      await app.by('side-bar').waitFor()
    })

    test('Chinese leaves no English in the frame, and goes back', async () => {
      await app.by('language-menu').click()
      await app.by('language-zh').click()
      await until('it speaks Chinese', async () => /已记录/.test(await app.by('status-bar').innerText()))
      const left = new Set<string>()
      const look = async () => {
        const words = await app.page.evaluate(() => {
          const machineWords =
            '.mono, .xterm, .monaco-editor, code, kbd, pre, time, [data-testid="objects"] select, [data-testid="events"] td, [data-testid="problems"]'
          const found: string[] = []
          const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT)
          for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
            const element = node instanceof Element ? node : node.parentElement
            if (
              element === null ||
              element.closest(machineWords) !== null ||
              element.closest('script, style, [aria-hidden="true"]') !== null
            )
              continue
            if (node instanceof Element) {
              for (const name of ['title', 'aria-label', 'placeholder', 'aria-valuetext']) found.push(node.getAttribute(name) ?? '')
            } else found.push(node.textContent ?? '')
          }
          return found
        })
        for (const text of words) {
          for (const word of text.match(/(?<![0-9A-Za-z])[A-Za-z][A-Za-z0-9_-]*/g) ?? [])
            if (word.length > 1 && !NAMES.test(word)) left.add(`${word} | ${text.trim().slice(0, 60)}`)
        }
      }
      for (const view of ['files', 'objects', 'faults', 'sessions', 'lab']) {
        if ((await attribute(`side-${view}`, 'aria-pressed')) !== 'true') await app.by(`side-${view}`).click()
        await look()
      }
      for (const tab of ['events', 'problems', 'packets']) {
        await app.by(`tab-${tab}`).click()
        await look()
      }
      for (const view of ['services', 'control', 'network']) {
        await app.by(`view-${view}`).click()
        await look()
      }
      await app.by('topology-table').click()
      await look()
      await app.by('topology-table').click()
      await app.by('language-menu').click()
      await app.by('language-en').click()
      await until('it speaks English', async () => /recorded/.test(await app.by('status-bar').innerText()))
      expect([...left]).toEqual([])
    })

    test('light and dark reach the editor and the terminal', async () => {
      const canvas = () =>
        app.page
          .locator('.monaco-editor')
          .first()
          .evaluate((element) => getComputedStyle(element).getPropertyValue('--vscode-editor-background').trim())
      await app.by('theme-menu').click()
      await app.by('theme-light').click()
      expect(await app.page.locator('html').getAttribute('data-theme')).toBe('light')
      await until('the editor is light', async () => (await canvas()) === '#f6f8fa')
      await app.by('theme-menu').click()
      await app.by('theme-dark').click()
      await until('the editor is dark', async () => (await canvas()) === '#0d1117')
    })

    test('below 1200 px the editor is a tab beside the topology', async () => {
      await app.page.setViewportSize({ width: 1180, height: 800 })
      await app.by('main-editor').click()
      await app.by('monaco').waitFor()
      expect(await app.by('network-view').count()).toBe(0)
      await app.by('main-topology').click()
      await app.by('network-view').waitFor()
      await app.page.setViewportSize({ width: 1440, height: 900 })
      await app.by('monaco').waitFor()
    })

    test('sizes of panels are remembered', async () => {
      let asked = 0
      let answered = 0
      const watch = (socket: { on(event: 'framesent' | 'framereceived', hear: (frame: { payload: string | Buffer }) => void): void }) => {
        socket.on('framesent', ({ payload }) => {
          if (String(payload).includes('setPreferences') && String(payload).includes('mainSize')) asked += 1
        })
        socket.on('framereceived', () => {
          if (asked > 0) answered += 1
        })
      }
      app.page.on('websocket', watch)
      await app.page.reload()
      await app.by('workbench').waitFor()
      const height = () => app.page.locator('[data-panel="terminal"]').evaluate((element) => Math.round(element.clientHeight))
      await app.by('terminal-workstation').waitFor()
      const before = await height()
      await app.page.locator('[role="separator"][aria-label="Terminals"]').focus()
      for (let count = 0; count < 2; count += 1) await press('ArrowDown')
      await until('it is lower', async () => (await height()) < before - 20)
      const after = await height()
      asked = 0
      answered = 0
      await until('it is kept', async () => asked > 0 && answered > 0)
      await app.page.reload()
      await app.by('terminal-workstation').waitFor()
      await until('it is as low as before', async () => Math.abs((await height()) - after) <= 2)
    })
  })

  test('the page complained of nothing', () => {
    expect(app.complaints).toEqual([])
  })
})
