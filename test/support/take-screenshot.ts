#!/usr/bin/env node
/**
 * Takes the picture of the README: `node test/support/take-screenshot.ts [file]`. A person's first minutes in the lab "A port on
 * every node", up to the SYN that two nodes translate and pass on. Every word in it comes from the simulation.
 */
import { mkdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { App } from './app.ts'
import { ROOT } from './sources.ts'

const BYTES_MAX = 400 * 1024
const MEND =
  "sed -i -e 's#extension/v1beta1#apps/v1#' -e 's/matadata/metadata/' -e 's/replica:/replicas:/' -e '/^      spec:/,$s/^  //' tomcat-deployment.yaml"
const path = process.argv[2] ?? join(ROOT, '.readme', 'workbench.png')

const app = await App.start({ width: 1440, height: 900, dark: true, language: 'en-US' })
try {
  await app.by('lab-02-services/02-node-port').click()
  await app.by('workbench').waitFor()
  await app.waitForScreen('workstation', /workstation:~\$/)
  await app.type('workstation', MEND)
  await app.type('workstation', 'kubectl apply -f tomcat-deployment.yaml -f tomcat-service.yaml')
  await app.waitForScreen('workstation', /tomcat-service created/)
  await app.type('workstation', 'kubectl rollout status deployment/frontend')
  await app.waitForScreen('workstation', /successfully rolled out/)
  await app.page.locator('[data-testid="lab-step-knock"][data-state="current"]').waitFor()

  await app.by('side-files').click()
  await app.by('file-tomcat-service.yaml').click()
  await app.by('editor-tab-tomcat-deployment.yaml').press('Delete')
  await app.page.locator('.monaco-editor .view-line', { hasText: 'nodePort:' }).click()
  await app
    .by('line-became')
    .getByText(/--dport 31002/)
    .first()
    .waitFor()
  await app.by('side-lab').click()

  await app.by('term-new').click()
  await app.by('term-open-client').click()
  await app.waitForScreen('client', /client:~\$/)
  // The door of the node without the pod: from there the packet goes on to the other one.
  for (const [knock, [door, beyond]] of [
    ['172.18.0.3', 'worker-2'],
    ['172.18.0.4', 'worker-1'],
  ].entries()) {
    await app.type('client', `curl -si http://${door}:31002/ | head -4`)
    await app.waitForScreen('client', new RegExp(`(HTTP/1.1 404[^]*){${knock + 1}}client:~[$]\\s*$`))
    await app.by('packet-filter').fill('tcp.flags.syn == 1 && tcp.dstport == 31002 && !(tcp.flags.ack == 1)')
    await app.by('packet-row').last().click()
    if (
      (await app
        .by('packet-detail')
        .filter({ hasText: `${beyond} FORWARD` })
        .count()) > 0
    )
      break
  }
  await app.type('client', 'ping -c2 172.18.0.3')
  await app.waitForScreen('client', /packet loss/)
  await app.by('term-tab-workstation').click()
  await app.type('workstation', 'kubectl scale deployment frontend --replicas=3; kubectl rollout status deployment/frontend')
  await app.waitForScreen('workstation', /scaled[^]*successfully rolled out/)
  await app.by('term-tab-client').click()
  await app.by('packet-filter').fill('tcp.port == 31002 || icmp')
  const stopAt = async (text: RegExp) => {
    const hop = app.by('hop').filter({ hasText: text }).last()
    await hop.locator('button').first().click()
    await hop.evaluate((element) => element.scrollIntoView({ block: 'center' }))
  }
  await stopAt(/worker-[12] FORWARD/)
  await app.by('terminal-client').click()
  await app.page.mouse.move(700, 470)
  // What glows and glides comes to rest.
  await app.page.waitForTimeout(900)
  mkdirSync(dirname(path), { recursive: true })
  await app.page.screenshot({ path })
  const { size } = statSync(path)
  console.log(`${path}: ${Math.round(size / 1024)} kB`)
  if (size > BYTES_MAX) throw new Error(`the picture has more than ${BYTES_MAX} bytes`)
  if (app.complaints.length > 0) throw new Error(app.complaints.join('\n'))
} finally {
  await app.end()
}
