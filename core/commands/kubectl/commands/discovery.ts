/** kubectl api-resources, api-versions, version, cluster-info, auth, top, explain, completion, options. Truth: k8s.io/kubectl/pkg/cmd. */
import { byText } from '../../../base/text-order.ts'
import { kubernetesSchema } from '../../../api/schema/kubernetes-schema.ts'
import type { KubeObject } from '../../../api/types/index.ts'
import { type CommandSpec, flag } from '../command-line.ts'
import { completeTypes } from '../complete.ts'
import { explain } from '../explain.ts'
import { optionsText } from '../help.ts'
import type { Invocation } from '../invocation.ts'
import { KubectlError } from '../kubectl-error.ts'
import { goJson } from '../print/go-value.ts'
import { goYaml } from '../print/go-yaml.ts'
import { TABLE_STYLE, tabbed } from '../print/tab-writer.ts'
import { SELECTOR_FLAG, ALL_NAMESPACES_FLAG } from '../selection.ts'

/** The version that this kubectl says it is, and that its server answers. */
export const kubernetesVersion = 'v1.36.0'

function simple(spec: Omit<CommandSpec, 'run'>, run: (kube: Invocation) => number): CommandSpec {
  return {
    ...spec,
    *run(kube) {
      yield* []
      return run(kube)
    },
  }
}

export const apiResourcesCommand = simple(
  {
    name: 'api-resources',
    group: 'Other Commands',
    short: 'Print the supported API resources on the server',
    usage: 'api-resources [flags] [options]',
    flags: [
      flag('string', 'api-group', '', 'Only this group.'),
      flag('bool', 'cached', 'false', 'Accepted and ignored.'),
      flag('strings', 'categories', '', 'Only these categories.'),
      flag('bool', 'namespaced', 'true', 'Only namespaced ones, or only the others.'),
      flag('bool', 'no-headers', 'false', 'No heading.'),
      flag('string', 'output', '', 'wide or name.', 'o'),
      flag('string', 'sort-by', '', 'name or kind.'),
      flag('strings', 'verbs', '', 'Only those with these verbs.'),
    ],
  },
  (kube) => {
    if (kube.args.length > 0) throw kube.usage(`unexpected arguments: [${kube.args.join(' ')}]`)
    const output = kube.flags.text('output')
    if (!['', 'wide', 'name'].includes(output)) throw new KubectlError(`--output ${output} is not available`)
    const order = kube.flags.text('sort-by')
    if (!['', 'name', 'kind'].includes(order)) throw new KubectlError(`--sort-by accepts only name or kind`)
    const verbs = kube.flags.list('verbs')
    const categories = kube.flags.list('categories')
    const shown = kube.types.all.filter(
      (each) =>
        (!kube.flags.has('namespaced') || each.namespaced === kube.flags.on('namespaced')) &&
        (!kube.flags.has('api-group') || each.group === kube.flags.text('api-group')) &&
        verbs.every((verb) => each.verbs.includes(verb)) &&
        categories.every((category) => each.categories.includes(category)),
    )
    const list =
      order === ''
        ? [...shown].sort((a, b) => byText(a.group, b.group) || byText(a.plural, b.plural))
        : [...shown].sort((a, b) => (order === 'name' ? byText(a.plural, b.plural) : byText(a.kind, b.kind)))
    if (output === 'name') {
      kube.print(list.map((each) => `${each.resource}\n`).join(''))
      return 0
    }
    const rows = list.map((each) =>
      [
        each.plural,
        each.shortNames.join(','),
        each.group === '' ? each.version : `${each.group}/${each.version}`,
        String(each.namespaced),
        each.kind,
        ...(output === 'wide' ? [[...each.verbs].sort(byText).join(','), each.categories.join(',')] : []),
      ].join('\t'),
    )
    if (!kube.flags.on('no-headers'))
      rows.unshift(`NAME\tSHORTNAMES\tAPIVERSION\tNAMESPACED\tKIND${output === 'wide' ? '\tVERBS\tCATEGORIES' : ''}`)
    kube.print(tabbed(`${rows.join('\n')}\n`, TABLE_STYLE))
    return 0
  },
)

export const apiVersionsCommand = simple(
  {
    name: 'api-versions',
    group: 'Other Commands',
    short: 'Print the supported API versions on the server, in the form of "group/version"',
    usage: 'api-versions [options]',
  },
  (kube) => {
    const versions = new Set(
      kube.types.all.flatMap((each) =>
        [each, ...each.otherVersions].map((one) => (one.group === '' ? one.version : `${one.group}/${one.version}`)),
      ),
    )
    kube.print(
      [...versions]
        .sort(byText)
        .map((version) => `${version}\n`)
        .join(''),
    )
    return 0
  },
)

export const versionCommand = simple(
  {
    name: 'version',
    group: 'Other Commands',
    short: 'Print the client and server version information',
    usage: 'version [flags] [options]',
    flags: [
      flag('bool', 'client', 'false', 'Only the client.'),
      flag('string', 'output', '', 'yaml or json.', 'o'),
      flag('bool', 'short', 'false', 'Accepted and ignored.'),
    ],
  },
  (kube) => {
    const info = {
      buildDate: '2026-01-01T00:00:00Z',
      compiler: 'vethlab',
      gitCommit: '',
      gitTreeState: 'clean',
      gitVersion: kubernetesVersion,
      goVersion: '',
      major: '1',
      minor: '36',
      platform: 'linux/amd64',
    }
    const output = kube.flags.text('output')
    if (!['', 'yaml', 'json'].includes(output)) throw new KubectlError(`--output must be 'yaml' or 'json'`)
    const client = kube.flags.on('client')
    const answer = { clientVersion: info, kustomizeVersion: 'v5.8.0', ...(client ? {} : { serverVersion: info }) }
    if (output !== '') {
      if (!client) kube.call((each) => each.list('namespaces', { limit: 1 }))
      kube.print(output === 'json' ? `${goJson(answer, '  ')}\n` : goYaml(answer))
      return 0
    }
    kube.print(`Client Version: ${kubernetesVersion}\nKustomize Version: v5.8.0\n`)
    if (!client) {
      kube.call((each) => each.list('namespaces', { limit: 1 }))
      kube.print(`Server Version: ${kubernetesVersion}\n`)
    }
    return 0
  },
)

export const clusterInfoCommand = simple(
  {
    name: 'cluster-info',
    group: 'Cluster Management Commands',
    short: 'Display cluster information',
    usage: 'cluster-info [flags] [options]',
  },
  (kube) => {
    const context = kube.config.context(kube.flags.text('context'))
    const server =
      kube.config.file.clusters.find((each) => each.name === context?.context.cluster)?.cluster.server ?? 'https://172.18.0.2:6443'
    const services = kube.call((client) =>
      client.list('services', { namespace: 'kube-system', labelSelector: 'kubernetes.io/cluster-service=true' }),
    ).items as (KubeObject & { spec: { ports?: { name?: string; port: number }[] } })[]
    kube.print(`Kubernetes control plane is running at ${server}\n`)
    for (const service of services) {
      const port = service.spec.ports?.[0]
      const name = service.metadata.labels?.['kubernetes.io/name'] ?? service.metadata.name
      kube.print(
        `${name} is running at ${server}/api/v1/namespaces/kube-system/services/${service.metadata.name}${port?.name ? `:${port.name}` : ''}/proxy\n`,
      )
    }
    kube.print("\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.\n")
    return 0
  },
)

export const authCommand: CommandSpec = {
  name: 'auth',
  group: 'Troubleshooting and Debugging Commands',
  short: 'Inspect authorization',
  usage: 'auth [flags] [options]',
  commands: [
    simple(
      {
        name: 'can-i',
        short: 'Check whether an action is allowed',
        usage: 'auth can-i VERB [TYPE | TYPE/NAME | NONRESOURCEURL] [options]',
        flags: [
          ALL_NAMESPACES_FLAG,
          flag('bool', 'list', 'false', 'Show everything that is allowed.'),
          flag('bool', 'quiet', 'false', 'Only the exit code.', 'q'),
          flag('string', 'subresource', '', 'Subresource.'),
          flag('bool', 'no-headers', 'false', 'No heading.'),
        ],
      },
      (kube) => {
        if (kube.flags.on('list')) {
          const heading = kube.flags.on('no-headers') ? '' : 'Resources\tNon-Resource URLs\tResource Names\tVerbs\n'
          kube.print(tabbed(`${heading}*.*\t[]\t[]\t[*]\n\t[*]\t[]\t[*]\n`, TABLE_STYLE))
          return 0
        }
        if (kube.args.length < 2) throw kube.usage('you must specify two arguments: verb resource or verb resource/resourceName')
        const type = kube.args[1].split('/')[0]
        const definition = type.startsWith('/') || type === '' || type === '*' ? undefined : kube.types.find(type)
        if (type !== '' && type !== '*' && !definition) kube.error(`Warning: the server doesn't have a resource type '${type}'\n\n`)
        else if (definition && !definition.namespaced && !kube.flags.on('all-namespaces'))
          kube.error(
            `Warning: resource '${definition.plural}' is not namespace scoped${definition.group === '' ? '' : ` in group '${definition.group}'`}\n\n`,
          )
        if (!kube.flags.on('quiet')) kube.print('yes\n')
        return 0
      },
    ),
    simple(
      {
        name: 'whoami',
        short: 'Check self subject attributes',
        usage: 'auth whoami [options]',
        flags: [flag('string', 'output', '', 'Accepted and ignored.', 'o')],
      },
      (kube) => {
        kube.call((client) => client.list('namespaces', { limit: 1 }))
        kube.print(
          tabbed('ATTRIBUTE\tVALUE\nUsername\tkubernetes-admin\nGroups\t[kubeadm:cluster-admins system:authenticated]\n', TABLE_STYLE),
        )
        return 0
      },
    ),
  ],
}

export const explainCommand = simple(
  {
    name: 'explain',
    group: 'Basic Commands (Intermediate)',
    short: 'Get documentation for a resource',
    usage: 'explain TYPE [--recursive=FALSE|TRUE] [--api-version=api-version-group] [-o|--output=plaintext|plaintext-openapiv2] [options]',
    examples: ['kubectl explain pods', 'kubectl explain pod.spec.containers', 'kubectl explain deployment --recursive'],
    flags: [
      flag('string', 'api-version', '', 'Version to explain.'),
      flag('string', 'output', 'plaintext', 'plaintext.', 'o'),
      flag('bool', 'recursive', 'false', 'All fields below, without descriptions.'),
    ],
    complete: (kube, args, word) => completeTypes(kube, args, word),
  },
  (kube) => {
    if (kube.args.length === 0)
      throw new KubectlError(
        'You must specify the type of resource to explain. Use "kubectl api-resources" for a complete list of supported resources.',
      )
    if (kube.args.length > 1) throw new KubectlError('We accept only this format: explain RESOURCE')
    const [type, ...fields] = kube.args[0].split('.')
    const wanted = kube.flags.text('api-version')
    const definition = kube.types.require(type)
    const version = wanted !== '' ? wanted : definition.group === '' ? definition.version : `${definition.group}/${definition.version}`
    const node = kubernetesSchema.forKind(version, definition.kind)
    if (!node) throw new KubectlError(`couldn't find resource for "${version}, Kind=${definition.kind}"`)
    kube.print(
      explain(
        node,
        { group: version.includes('/') ? version.split('/')[0] : '', version: version.split('/').at(-1) ?? '', kind: definition.kind },
        fields,
        kube.flags.on('recursive'),
      ),
    )
    return 0
  },
)

export const topCommand: CommandSpec = {
  name: 'top',
  group: 'Cluster Management Commands',
  short: 'Display resource (CPU/memory) usage',
  usage: 'top [flags] [options]',
  commands: ['node', 'pod'].map((name) =>
    simple(
      {
        name,
        aliases: name === 'node' ? ['nodes', 'no'] : ['pods', 'po'],
        short: `Display resource (CPU/memory) usage of ${name}s`,
        usage: `top ${name} [NAME | -l label] [options]`,
        flags: [
          SELECTOR_FLAG,
          ALL_NAMESPACES_FLAG,
          flag('bool', 'containers', 'false', 'By container.'),
          flag('bool', 'no-headers', 'false', 'No heading.'),
          flag('string', 'sort-by', '', 'cpu or memory.'),
          flag('string', 'field-selector', '', 'Field query.'),
          flag('bool', 'sum', 'false', 'The sum as well.'),
        ],
      },
      (kube) => {
        kube.call((client) => client.list('nodes', { limit: 1 }))
        throw new KubectlError('Metrics API not available')
      },
    ),
  ),
}

export const optionsCommand = simple(
  { name: 'options', short: 'Print the list of flags inherited by all commands', usage: 'options [flags]' },
  (kube) => {
    kube.print(optionsText())
    return 0
  },
)

export const completionCommand = simple(
  {
    name: 'completion',
    group: 'Settings Commands',
    short: 'Output shell completion code for the specified shell (bash, zsh, fish, or powershell)',
    usage: 'completion SHELL [options]',
    complete: (_, args) => (args.length === 0 ? ['bash', 'fish', 'powershell', 'zsh'] : []),
  },
  (kube) => {
    if (kube.args.length === 0) throw kube.usage('Shell not specified.')
    if (kube.args.length > 1) throw kube.usage('Too many arguments. Expected only the shell type.')
    if (!['bash', 'zsh', 'fish', 'powershell'].includes(kube.args[0]))
      throw kube.usage(`Unsupported shell type ${JSON.stringify(kube.args[0])}.`)
    kube.print(
      `# kubectl completion for ${kube.args[0]}: the shell of this lab asks kubectl itself when TAB is pressed; nothing to load.\n`,
    )
    return 0
  },
)
