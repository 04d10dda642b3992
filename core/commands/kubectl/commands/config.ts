/** kubectl config. Truth: k8s.io/kubectl/pkg/cmd/config. Omits: set-credentials, set-cluster and set/unset of single values. */
import { byText } from '../../../base/text-order.ts'
import { cloneJson } from '../../../api/meta/json.ts'
import { type CommandSpec, flag } from '../command-line.ts'
import type { Invocation } from '../invocation.ts'
import { KubectlError } from '../kubectl-error.ts'
import type { KubeConfigFile } from '../kubeconfig.ts'
import { goStructJson } from '../print/go-value.ts'
import { goYaml } from '../print/go-yaml.ts'
import { TABLE_STYLE, tabbed } from '../print/tab-writer.ts'

function command(
  name: string,
  short: string,
  usage: string,
  flags: CommandSpec['flags'],
  run: (kube: Invocation) => number,
  aliases?: string[],
): CommandSpec {
  return {
    name,
    aliases,
    short,
    usage: `config ${usage}`,
    flags,
    complete: (kube, args) => (args.length === 0 && /context/.test(name) ? kube.config.file.contexts.map((each) => each.name) : []),
    *run(kube) {
      yield* []
      return run(kube)
    },
  }
}

export const configCommand: CommandSpec = {
  name: 'config',
  group: 'Other Commands',
  short: 'Modify kubeconfig files',
  usage: 'config SUBCOMMAND [options]',
  commands: [
    command(
      'view',
      'Display merged kubeconfig settings or a specified kubeconfig file',
      'view [flags] [options]',
      [
        flag('string', 'output', 'yaml', 'yaml or json.', 'o'),
        flag('bool', 'raw', 'false', 'Show credentials.'),
        flag('bool', 'minify', 'false', 'Only the current context.'),
        flag('bool', 'flatten', 'false', 'Accepted and ignored.'),
      ],
      view,
    ),
    command('current-context', 'Display the current-context', 'current-context [flags] [options]', [], (kube) => {
      const name = kube.config.file['current-context']
      if (name === '') throw new KubectlError('current-context is not set')
      kube.print(`${name}\n`)
      return 0
    }),
    command(
      'get-contexts',
      'Describe one or many contexts',
      'get-contexts [(-o|--output=)name)] [options]',
      [flag('string', 'output', '', 'name.', 'o'), flag('bool', 'no-headers', 'false', 'No heading.')],
      getContexts,
    ),
    command('get-clusters', 'Display clusters defined in the kubeconfig', 'get-clusters [options]', [], (kube) => {
      kube.print(
        `NAME\n${kube.config.file.clusters
          .map((each) => `${each.name}\n`)
          .sort(byText)
          .join('')}`,
      )
      return 0
    }),
    command('get-users', 'Display users defined in the kubeconfig', 'get-users [options]', [], (kube) => {
      kube.print(
        `NAME\n${kube.config.file.users
          .map((each) => `${each.name}\n`)
          .sort(byText)
          .join('')}`,
      )
      return 0
    }),
    command(
      'use-context',
      'Set the current-context in a kubeconfig file',
      'use-context CONTEXT_NAME [options]',
      [],
      (kube) => {
        const name = oneName(kube)
        if (!kube.config.file.contexts.some((each) => each.name === name))
          throw new KubectlError(`no context exists with the name: "${name}"`)
        kube.config.file['current-context'] = name
        kube.config.write()
        kube.print(`Switched to context "${name}".\n`)
        return 0
      },
      ['use'],
    ),
    command(
      'set-context',
      'Set a context entry in kubeconfig',
      'set-context [NAME | --current] [--cluster=cluster_nickname] [--user=user_nickname] [--namespace=namespace] [options]',
      [flag('bool', 'current', 'false', 'Change the current context.')],
      setContext,
    ),
    command('delete-context', 'Delete the specified context from the kubeconfig', 'delete-context NAME [options]', [], (kube) => {
      const name = oneName(kube)
      const { file } = kube.config
      if (!file.contexts.some((each) => each.name === name))
        throw new KubectlError(`cannot delete context ${name}, not in ${kube.config.path}`)
      if (file['current-context'] === name)
        kube.error('warning: this removed your active context, use "kubectl config use-context" to select a different one\n')
      file.contexts = file.contexts.filter((each) => each.name !== name)
      kube.config.write()
      kube.print(`deleted context ${name} from ${kube.config.path}\n`)
      return 0
    }),
    command('rename-context', 'Rename a context from the kubeconfig file', 'rename-context CONTEXT_NAME NEW_NAME [options]', [], (kube) => {
      if (kube.args.length !== 2) throw kube.usage('usage: rename-context CONTEXT_NAME NEW_NAME')
      const [from, to] = kube.args
      const { file } = kube.config
      const context = file.contexts.find((each) => each.name === from)
      if (!context) throw new KubectlError(`cannot rename the context "${from}", it's not in ${kube.config.path}`)
      if (file.contexts.some((each) => each.name === to))
        throw new KubectlError(`cannot rename the context "${from}", the context "${to}" already exists in ${kube.config.path}`)
      context.name = to
      if (file['current-context'] === from) file['current-context'] = to
      kube.config.write()
      kube.print(`Context "${from}" renamed to "${to}".\n`)
      return 0
    }),
  ],
}

function oneName(kube: Invocation): string {
  if (kube.args.length !== 1) throw kube.usage(`Unexpected args: [${kube.args.join(' ')}]`)
  return kube.args[0]
}

function view(kube: Invocation): number {
  const file = cloneJson(kube.config.file)
  if (kube.flags.on('minify')) {
    const context = kube.config.context(kube.flags.text('context'))
    if (!context) throw new KubectlError('current-context must exist in order to minify')
    file.contexts = file.contexts.filter((each) => each.name === context.name)
    file.clusters = file.clusters.filter((each) => each.name === context.context.cluster)
    file.users = file.users.filter((each) => each.name === context.context.user)
    file['current-context'] = context.name
  }
  if (!kube.flags.on('raw')) {
    for (const { user } of file.users)
      for (const key of Object.keys(user))
        if (/data$|^token$|^password$/.test(key))
          user[key] = key.endsWith('key-data') || key.endsWith('certificate-data') ? 'DATA+OMITTED' : 'REDACTED'
    for (const { cluster } of file.clusters)
      if (cluster['certificate-authority-data'] !== undefined) cluster['certificate-authority-data'] = 'DATA+OMITTED'
  }
  const empty = <T>(list: T[]): T[] | null => (list.length === 0 ? null : list)
  const shown = {
    ...file,
    clusters: empty(file.clusters),
    contexts: empty(file.contexts),
    users: empty(file.users),
    preferences: file.preferences ?? {},
  }
  kube.print(kube.flags.text('output') === 'json' ? `${goStructJson(structOf(shown), '    ')}\n` : goYaml(shown))
  return 0
}

/** Fields in the order of clientcmd's structs. */
function structOf(file: KubeConfigFile | object): object {
  const { clusters, users, contexts, preferences, 'current-context': current } = file as KubeConfigFile
  const named = (list: readonly { name: string }[] | null, field: string): object[] | null =>
    list?.map((each) => ({ name: each.name, [field]: (each as unknown as Record<string, unknown>)[field] })) ?? null
  const ordered =
    contexts?.map(({ name, context: { cluster, user, namespace } }) => ({
      name,
      context: { cluster, user, ...(namespace ? { namespace } : {}) },
    })) ?? null
  return {
    kind: 'Config',
    apiVersion: 'v1',
    preferences,
    clusters: named(clusters, 'cluster'),
    users: named(users, 'user'),
    contexts: ordered,
    'current-context': current,
  }
}

function getContexts(kube: Invocation): number {
  const { file } = kube.config
  const wanted = kube.args.length > 0 ? file.contexts.filter((each) => kube.args.includes(each.name)) : file.contexts
  const missing = kube.args.filter((name) => !file.contexts.some((each) => each.name === name))
  const sorted = [...wanted].sort((a, b) => byText(a.name, b.name))
  if (kube.flags.text('output') === 'name') kube.print(sorted.map((each) => `${each.name}\n`).join(''))
  else {
    const rows = sorted.map(({ name, context }) =>
      [name === file['current-context'] ? '*' : '', name, context.cluster ?? '', context.user ?? '', context.namespace ?? ''].join('\t'),
    )
    if (!kube.flags.on('no-headers')) rows.unshift('CURRENT\tNAME\tCLUSTER\tAUTHINFO\tNAMESPACE')
    kube.print(tabbed(`${rows.join('\n')}\n`, TABLE_STYLE))
  }
  if (missing.length > 0) throw new KubectlError(missing.map((name) => `context ${name} not found`).join('\n'))
  return 0
}

function setContext(kube: Invocation): number {
  const { file } = kube.config
  const current = kube.flags.on('current')
  if (current && kube.args.length > 0) throw kube.usage('you cannot specify both a context name and --current')
  const name = current ? file['current-context'] : kube.args[0]
  if (name === undefined || name === '')
    throw new KubectlError(current ? 'no current context is set' : 'you must specify a non-empty context name or --current')
  let context = file.contexts.find((each) => each.name === name)
  const created = !context
  if (!context) {
    context = { name, context: {} }
    file.contexts.push(context)
  }
  for (const field of ['cluster', 'user', 'namespace'] as const) if (kube.flags.has(field)) context.context[field] = kube.flags.text(field)
  kube.config.write()
  kube.print(`Context "${name}" ${created ? 'created' : 'modified'}.\n`)
  return 0
}
