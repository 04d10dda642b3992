/** The whole story in a real browser: open a lab, mend a manifest, apply, knock from outside, step through the packet, come back. */
import { afterAll, beforeAll, describe, expect, test as vitestTest } from 'vitest'
import { findElectron } from '../../main/electron-binary.ts'
import { App } from '../support/app.ts'
import { findBrowser } from '../support/browser.ts'

const HOSTS = [
  { host: 'browser', here: (await findBrowser()) !== null },
  { host: 'desktop', here: findElectron() !== null },
] as const
const LAB = '02-services/02-node-port'

describe.each(HOSTS)('the story in the $host', ({ host, here }) => {
  const test = vitestTest.skipIf(!here)
  let app: App
  beforeAll(async () => {
    if (here) app = await App.start({ host })
  })
  afterAll(async () => {
    await app?.end()
  })

  test('the first screen offers labs and an empty cluster', async () => {
    await app.by('start-screen').waitFor()
    expect(await app.by(`lab-${LAB}`).innerText()).toContain('A port on every node')
    await app.by('new-cluster').waitFor()
    await app.shot('start')
  })

  test('a lab opens with its machines on the picture', async () => {
    await app.by(`lab-${LAB}`).click()
    await app.by('workbench').waitFor()
    for (const machine of ['client', 'workstation', 'control-plane', 'worker-1', 'worker-2']) await app.by(`machine-${machine}`).waitFor()
    expect(await app.by('machine-worker-1').innerText()).toMatch(/172\.18\.0\.3/)
    await app.by('lab-guide').waitFor()
  })

  test('a real shell answers in the terminal', async () => {
    await app.waitForScreen('workstation', /workstation:~\$/)
    await app.type('workstation', 'kubectl get nodes')
    await app.waitForScreen('workstation', /worker-2\s+Ready/)
    await app.type('workstation', 'for i in 1 2 3; do echo n$i; done | grep -v n2 | wc -l')
    await app.waitForScreen('workstation', /^2$/m)
  })

  test('the editor underlines the old manifest, and the API refuses it with its own words', async () => {
    await app.by('side-files').click()
    await app.by('file-tomcat-deployment.yaml').click()
    await app.by('monaco').waitFor()
    await app.page.locator('.squiggly-error').first().waitFor()
    await app.type('workstation', 'kubectl apply -f tomcat-deployment.yaml')
    await app.waitForScreen('workstation', /error/i)
    await app.shot('editor-errors')
  })

  test('mended and applied, the deployment becomes available and the step is done', async () => {
    await app.type(
      'workstation',
      "sed -i -e 's#extension/v1beta1#apps/v1#' -e 's/matadata/metadata/' -e 's/replica:/replicas:/' -e '/^      spec:/,$s/^  //' tomcat-deployment.yaml",
    )
    await app.page.waitForFunction(() => !document.querySelector('.squiggly-error'), null, { timeout: 20_000 })
    await app.by('apply').click()
    await app
      .by('apply-result')
      .filter({ hasText: /created|configured/ })
      .waitFor()
    await app.type('workstation', 'kubectl rollout status deployment/frontend')
    await app.waitForScreen('workstation', /successfully rolled out/)
    await app.type('workstation', 'kubectl apply -f tomcat-service.yaml')
    await app.waitForScreen('workstation', /tomcat-service created/)
    await app.by('side-lab').click()
    await app.by('lab-step-knock').waitFor()
  })

  test('a curl from outside reaches the pod, and every hop has its reason', async () => {
    await app.by('term-new').click()
    await app.by('term-open-client').click()
    await app.waitForScreen('client', /client:~\$/)
    // kube-proxy gathers changes for a second before it writes its rules.
    await app.page.waitForTimeout(1500)
    await app.type('client', 'curl -s -o /dev/null -w "%{http_code}\\n" http://172.18.0.3:31002/')
    await app.waitForScreen('client', /^(200|404)\s*$/m)
    await app.by('packet-filter').fill('tcp.dstport == 31002 && tcp.flags.syn == 1')
    await app.page.keyboard.press('Enter')
    await app.by('packet-row').first().click()
    const detail = await app.by('packet-detail').innerText()
    expect(detail).toMatch(/PREROUTING/)
    expect(detail).toMatch(/KUBE-NODEPORTS/)
    expect(detail).toMatch(/172\.18\.0\.3:31002/)
    expect(detail).toMatch(/POSTROUTING/)
    await app.shot('packet-dark')
  })

  test('the rule that sent it on leads to its Service', async () => {
    await app.page.locator('[data-testid="hop-origin"]', { hasText: 'tomcat-service' }).first().waitFor()
  })

  test('time stops, steps, and goes back', async () => {
    await app.by('play-pause').click()
    await app.page.waitForTimeout(300)
    const stopped = await app.by('clock').innerText()
    await app.page.waitForTimeout(400)
    expect(await app.by('clock').innerText()).toBe(stopped)
    await app.by('step').click()
    await app.page.waitForFunction(
      (before) => document.querySelector('[data-testid="clock"]')?.textContent?.trim() !== before.trim(),
      stopped,
    )
    await app.by('step-back').click()
    await app.by('past-banner').waitFor()
    await app.by('return-present').click()
    await app.by('past-banner').waitFor({ state: 'detached' })
    await app.by('play-pause').click()
  })

  test('killed and started again, everything is back', async () => {
    const before = await app.by('lab-guide').innerText()
    await app.page.waitForTimeout(1200)
    await app.restart()
    await app.by('workbench').waitFor()
    await app.by('lab-step-knock').waitFor()
    await app.by('term-tab-client').click()
    await app.waitForScreen('client', /^(200|404)\s*$/m)
    expect(before.length).toBeGreaterThan(100)
    await app.shot('after-kill')
  })

  test('the session is listed, can be replayed from its start, and taken over', async () => {
    await app.by('side-sessions').click()
    await app.by('sessions').waitFor()
    await app.page.locator('[data-testid^="replay-"]').first().click()
    await app.by('past-banner').waitFor()
    await app.by('take-over').click()
    await app.by('past-banner').waitFor({ state: 'detached' })
    await app.by('sessions').waitFor()
    await app.page.waitForFunction(() => document.querySelectorAll('[data-testid^="saved-"]').length >= 2)
  })

  test('the page complained of nothing', () => {
    expect(app.complaints).toEqual([])
  })
})
