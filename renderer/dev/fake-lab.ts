import type { LabSummary } from '../../preload/contract.ts'

/** A lab for the page's development mode. */
export const fakeLab: LabSummary = {
  id: '02-services/03-nodeport',
  track: { en: 'Services', zh: '服务' },
  title: { en: 'A port on every node', zh: '每个节点上的端口' },
  summary: {
    en: 'The pods run on both workers. The client outside knows only the nodes. One port, opened on every node, lets it in.',
    zh: 'Pod 运行在两个工作节点上，外部客户端只知道节点。在每个节点上打开同一个端口，就能让它进来。',
  },
  minutes: 15,
  steps: [
    {
      id: 'door',
      title: { en: 'Open the door', zh: '打开大门' },
      text: { en: 'Give the Service the type `NodePort`.', zh: '把 Service 的类型设为 `NodePort`。' },
      hints: [],
      checks: [
        {
          id: 'type',
          kind: 'state',
          title: { en: 'Service `tomcat-service` has type NodePort', zh: 'Service `tomcat-service` 的类型为 NodePort' },
        },
        { id: 'ready', kind: 'state', title: { en: 'It has 3 ready endpoints', zh: '它有 3 个就绪端点' } },
      ],
    },
    {
      id: 'knock',
      title: { en: 'Knock from outside', zh: '从外部敲门' },
      text: {
        en: 'From `client`, ask worker-1 on port 31002. Then watch one packet: which rule sends it to worker-2, and what does the pod see as its source?\n\n```sh client\ncurl http://172.18.0.3:31002/\n```',
        zh: '在 `client` 上访问 worker-1 的 31002 端口，然后观察一个数据包：哪条规则把它送到 worker-2？Pod 看到的源地址是什么？',
      },
      hints: [
        { en: 'Look at POSTROUTING on worker-1.', zh: '看看 worker-1 上的 POSTROUTING。' },
        { en: 'A mark was set earlier.', zh: '之前打过标记。' },
      ],
      checks: [
        { id: 'answer', kind: 'run', title: { en: 'client gets an answer through worker-1', zh: '客户端通过 worker-1 得到应答' } },
        {
          id: 'cross',
          kind: 'flow',
          title: {
            en: 'A packet crossed `KUBE-NODEPORTS` and left with worker-1’s address',
            zh: '数据包经过 `KUBE-NODEPORTS`，并以 worker-1 的地址离开',
          },
        },
        {
          id: 'source',
          kind: 'question',
          title: { en: '**Predict:** the source that the pod sees', zh: '**预测：** Pod 看到的源地址' },
          choices: [
            { id: 'client', text: { en: '`172.18.0.100`, the client', zh: '`172.18.0.100`，客户端' } },
            { id: 'node', text: { en: '`172.18.0.3`, the node', zh: '`172.18.0.3`，节点' } },
          ],
        },
      ],
    },
    {
      id: 'keep',
      title: { en: 'Keep the client’s address', zh: '保留客户端地址' },
      text: { en: 'Set `externalTrafficPolicy: Local`.', zh: '设置 `externalTrafficPolicy: Local`。' },
      hints: [],
      checks: [],
    },
  ],
}
