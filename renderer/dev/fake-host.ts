/** A host made of the sample recording, for work on the page alone. Never part of a build. */
import { SampleRecorder, sampleConversation, sampleLostPing, sampleWorld } from '../../core/view/sample-trace.ts'
import type { HostApi, LabSummary, PageApi, Preferences, SessionInfo, Transport } from '../../preload/contract.ts'
import type { HostClient } from '../client/host-client.ts'
import { fakeLab } from './fake-lab.ts'

const PROMPT = (machine: string) => `\x1b[32m${machine}\x1b[0m:\x1b[34m~\x1b[0m$ `
const TOMCAT = `apiVersion: v1
kind: Service
metadata:
  name: tomcat-service
spec:
  type: NodePort
  ports:
    - port: 8080
      nodePort: 31002
  selector:
    tier: frontend
`

export function fakeClient(): HostClient {
  let page: PageApi | null = null
  let recorder: SampleRecorder = sampleWorld()
  const lab: LabSummary = fakeLab
  const wish = new URLSearchParams(location.search)
  let preferences: Preferences = {
    theme: (wish.get('theme') as Preferences['theme'] | null) ?? 'dark',
    language: (wish.get('lang') as Preferences['language'] | null) ?? 'en',
    layout: {},
  }
  const info: SessionInfo = {
    id: 's1',
    title: '',
    lab: lab.id,
    createdAt: '2026-01-04T10:00:00Z',
    updatedAt: '2026-01-04T10:31:00Z',
    virtualUs: 192_481_203,
    inputs: 41,
    stepsDone: 1,
    stepsTotal: 3,
    forkedFrom: '',
    seed: 7,
    cni: 'host-gw',
    proxyMode: 'iptables',
    ipFamily: 'ipv4',
    apiVersion: '1.36',
    bootUs: 21_000_000,
    labText: lab,
  }
  let transport: Transport = { mode: 'live', playing: true, speed: 1, nowUs: 0, endUs: 0 }
  const lines = new Map<string, string>()

  const flush = () => {
    const batch = recorder.drain()
    page?.onBatch(batch)
    transport = { ...transport, nowUs: batch.nowUs, endUs: Math.max(transport.endUs, batch.nowUs) }
    page?.onTransport(transport)
  }
  const start = () => {
    recorder = sampleWorld()
    setTimeout(() => {
      page?.onReset(info, transport)
      flush()
      recorder.emit(
        { kind: 'file.set', machine: 'workstation', path: '/root/tomcat.yaml', content: TOMCAT },
        {
          kind: 'file.set',
          machine: 'workstation',
          path: '/root/deploy.yaml',
          content: 'apiSerdion: apps/v1\nkind: Deployment\nmatadata:\n  name: frontend\nspec:\n  replica: 3\n',
        },
      )
      recorder.emit(
        { kind: 'lab.step', step: 'door', state: 'done', hints: 0 },
        { kind: 'lab.step', step: 'knock', state: 'open', hints: 0 },
      )
      for (const check of ['type', 'ready']) recorder.emit({ kind: 'lab.check', step: 'door', check, state: 'pass', seen: '' })
      recorder.emit({ kind: 'lab.check', step: 'knock', check: 'answer', state: 'pass', seen: '' })
      recorder.emit({
        kind: 'lab.check',
        step: 'knock',
        check: 'source',
        state: 'fail',
        seen: JSON.stringify({ code: 'wrong-answer', actual: '172.18.0.100', expected: '' }),
      })
      for (const machine of ['client', 'workstation']) {
        const tty = `${machine === 'client' ? 1 : 2}:${machine}`
        recorder.emit({ kind: 'tty.open', tty, machine }, { kind: 'tty.out', tty, text: PROMPT(machine) })
      }
      for (let index = 0; index < Number(wish.get('many') ?? 0); index += 1) {
        const netns = 100 + index
        recorder.emit({
          kind: 'netns.add',
          netns,
          machine: index % 3 === 0 ? 'worker-1' : 'worker-2',
          name: `cni-${netns}`,
          pod: `default/many-${index}`,
        })
        recorder.link(netns, 2, 'eth0', 'veth', { peerNetns: 6, peerIfindex: 200 + index })
        recorder.object('pods', 'Pod', 'default', `many-${index}`, 'kubelet', {
          spec: { nodeName: 'worker-2', containers: [{ name: 'a', image: 'nginx' }] },
          status: { phase: 'Running', podIP: '10.244.2.9', containerStatuses: [{ ready: index % 5 > 0, state: { running: {} } }] },
        })
      }
      recorder.wait(171_000_000)
      flush()
      if (!wish.has('quiet')) {
        recorder.emit({
          kind: 'tty.out',
          tty: '1:client',
          text: `curl http://172.18.0.3:31002/\r\nHello from frontend-6d4cf-mn5vd\r\n${PROMPT('client')}`,
        })
        sampleConversation(recorder)
        recorder.wait(1_500_000)
        recorder.emit({
          kind: 'tty.out',
          tty: '1:client',
          text: `ping -c1 10.96.41.7\r\nPING 10.96.41.7 56(84) bytes of data.\r\n\r\n--- 10.96.41.7 ping statistics ---\r\n1 packets transmitted, 0 received\r\n${PROMPT('client')}`,
        })
        sampleLostPing(recorder)
      }
      flush()
    })
    return Promise.resolve(info)
  }

  const api: HostApi = {
    hello: async () => ({ version: '0.1.0', host: 'browser', preferences, last: '' }),
    listLabs: async () => [
      lab,
      {
        ...lab,
        id: '01-pods/01-veth',
        track: { en: 'Pods', zh: 'Pod' },
        title: { en: 'Two pods and a bridge', zh: '两个 Pod 与一个网桥' },
        summary: {
          en: 'Each pod has a network of its own. See how a veth pair lets it out.',
          zh: '每个 Pod 都有自己的网络。看看 veth 对如何把它连接出来。',
        },
        minutes: 12,
      },
    ],
    listSessions: async () => [
      info,
      { ...info, id: 's0', title: 'Before the masquerade', lab: '', stepsDone: 0, stepsTotal: 0, forkedFrom: 's1' },
    ],
    openSession: start,
    closeSession: async () => {},
    renameSession: async () => {},
    deleteSession: async () => {},
    exportSession: async () => '{}',
    async submit(input) {
      if (input.kind === 'tty.open')
        recorder.emit(
          { kind: 'tty.open', tty: input.tty, machine: input.machine },
          { kind: 'tty.out', tty: input.tty, text: PROMPT(input.pod || input.machine) },
        )
      else if (input.kind === 'tty.data') {
        const line = (lines.get(input.tty) ?? '') + input.data
        const machine = input.tty.split(':')[1]!
        if (line.endsWith('\r')) {
          if (line.startsWith('curl')) sampleConversation(recorder)
          recorder.emit({ kind: 'tty.out', tty: input.tty, text: `\r\n${PROMPT(machine)}` })
          lines.set(input.tty, '')
        } else {
          lines.set(input.tty, line)
          recorder.emit({ kind: 'tty.out', tty: input.tty, text: input.data })
        }
      } else if (input.kind === 'tty.close') recorder.emit({ kind: 'tty.close', tty: input.tty, exitCode: 0 })
      else if (input.kind === 'file.write')
        recorder.emit({ kind: 'file.set', machine: input.machine, path: input.path, content: input.content })
      else if (input.kind === 'exec')
        recorder.emit(
          { kind: 'exec.out', exec: input.exec, stream: 'stdout', text: 'service/tomcat-service configured\n' },
          { kind: 'exec.exit', exec: input.exec, exitCode: 0 },
        )
      else if (input.kind === 'lab.hint') recorder.emit({ kind: 'lab.step', step: input.step, state: 'hint', hints: 1 })
      flush()
      return { seq: 1, atUs: recorder.nowUs }
    },
    async play(speed) {
      transport = { ...transport, playing: true, speed }
      page?.onTransport(transport)
    },
    async pause() {
      transport = { ...transport, playing: false }
      page?.onTransport(transport)
    },
    step: async () => {},
    async seek(atUs) {
      transport = { ...transport, mode: 'past', nowUs: atUs, playing: false }
      page?.onTransport(transport)
    },
    stepBack: async () => {},
    async present() {
      transport = { ...transport, mode: 'live', nowUs: transport.endUs }
      page?.onTransport(transport)
    },
    takeOver: start,
    replaySession: start,
    async rules(netns) {
      const machine = netns === 5 ? 'worker-1' : 'worker-2'
      const rule = (chain: string, number: number, text: string, packets: number) => ({
        netns,
        machine,
        table: 'nat',
        chain,
        number,
        rule: text,
        packets,
        object: 'Service/default/tomcat-service',
      })
      return [
        rule(
          'KUBE-NODEPORTS',
          1,
          '-A KUBE-NODEPORTS -p tcp -m comment --comment default/tomcat-service -m tcp --dport 31002 -j KUBE-EXT-A7KQ2M5LXWZPCJ4R',
          3,
        ),
        rule(
          'KUBE-SVC-A7KQ2M5LXWZPCJ4R',
          2,
          '-A KUBE-SVC-A7KQ2M5LXWZPCJ4R -m statistic --mode random --probability 0.33333333349 -j KUBE-SEP-Q3V7LZMTY2WKHN5B',
          1,
        ),
        rule('KUBE-SEP-Q3V7LZMTY2WKHN5B', 2, '-A KUBE-SEP-Q3V7LZMTY2WKHN5B -p tcp -m tcp -j DNAT --to-destination 10.244.2.4:8080', 1),
      ]
    },
    async setPreferences(change) {
      preferences = { ...preferences, ...change }
    },
  }
  return { api, listen: (next) => (page = next), onLost() {} }
}
