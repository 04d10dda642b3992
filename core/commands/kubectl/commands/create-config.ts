/** kubectl create namespace, configmap, secret, serviceaccount, quota. Truth: k8s.io/kubectl/pkg/cmd/create; outputs recorded from kubectl 1.33. */
import { isErrno, strerror } from '../../../base/errno.ts'
import { byText } from '../../../base/text-order.ts'
import { isConfigKey } from '../../../api/meta/names.ts'
import { encodeBase64 } from '../base64.ts'
import { type CommandSpec, flag } from '../command-line.ts'
import { generatorCommand, metadataOf, parsePairs } from '../generator.ts'
import type { Invocation } from '../invocation.ts'
import { KubectlError } from '../kubectl-error.ts'

const DATA_FLAGS = [
  flag('strings', 'from-env-file', '', 'File with lines of key=value.'),
  flag('strings', 'from-file', '', '[key=]file, or a directory of files.'),
  flag('array', 'from-literal', '', 'key=value.'),
  flag('bool', 'append-hash', 'false', 'Not modelled.'),
]

export const configGenerators: readonly CommandSpec[] = [
  generatorCommand({
    name: 'namespace',
    aliases: ['ns'],
    short: 'Create a namespace with the specified name',
    noun: 'namespace',
    usage: 'create namespace NAME [--dry-run=server|client|none] [options]',
    flags: [],
    namespaced: false,
    make: (_, name) => ({ kind: 'Namespace', apiVersion: 'v1', metadata: metadataOf(name), spec: {}, status: {} }),
  }),
  generatorCommand({
    name: 'configmap',
    aliases: ['cm'],
    short: 'Create a config map from a local file, directory or literal value',
    noun: 'configmap',
    usage: 'create configmap NAME [--from-file=[key=]source] [--from-literal=key1=value1] [--dry-run=server|client|none] [options]',
    flags: DATA_FLAGS,
    make(kube, name) {
      const data = dataOf(kube)
      return { kind: 'ConfigMap', apiVersion: 'v1', metadata: metadataOf(name), ...(Object.keys(data).length > 0 ? { data } : {}) }
    },
  }),
  {
    name: 'secret',
    short: 'Create a secret using a specified subcommand',
    usage: 'create secret (docker-registry | generic | tls) [options]',
    commands: [
      generatorCommand({
        name: 'generic',
        short: 'Create a secret from a local file, directory, or literal value',
        noun: 'secret',
        usage:
          'create secret generic NAME [--type=string] [--from-file=[key=]source] [--from-literal=key1=value1] [--dry-run=server|client|none] [options]',
        flags: [...DATA_FLAGS, flag('string', 'type', '', 'Type of the secret.')],
        make: (kube, name) => secret(name, dataOf(kube), kube.flags.text('type')),
      }),
      generatorCommand({
        name: 'tls',
        short: 'Create a TLS secret',
        noun: 'secret',
        usage: 'create secret tls NAME --cert=path/to/cert/file --key=path/to/key/file [--dry-run=server|client|none] [options]',
        flags: [flag('string', 'cert', '', 'File with the certificate.'), flag('string', 'key', '', 'File with the key.')],
        make(kube, name) {
          if (kube.flags.text('key') === '') throw new KubectlError('key must be specified')
          if (kube.flags.text('cert') === '') throw new KubectlError('certificate must be specified')
          const certificate = fileText(kube, kube.flags.text('cert'))
          if (!certificate.includes('-----BEGIN ')) throw new KubectlError('tls: failed to find any PEM data in certificate input')
          return secret(name, { 'tls.crt': certificate, 'tls.key': fileText(kube, kube.flags.text('key')) }, 'kubernetes.io/tls')
        },
      }),
      generatorCommand({
        name: 'docker-registry',
        short: 'Create a secret for use with a Docker registry',
        noun: 'secret',
        usage:
          'create secret docker-registry NAME --docker-username=user --docker-password=password --docker-email=email [--docker-server=string] [options]',
        flags: ['docker-email', 'docker-password', 'docker-username']
          .map((name) => flag('string', name, '', 'Account of the registry.'))
          .concat(flag('string', 'docker-server', 'https://index.docker.io/v1/', 'Address of the registry.')),
        make(kube, name) {
          const [server, username, password, email] = ['server', 'username', 'password', 'email'].map((part) =>
            kube.flags.text(`docker-${part}`),
          )
          const account = { username, password, ...(email === '' ? {} : { email }), auth: encodeBase64(`${username}:${password}`) }
          return secret(name, { '.dockerconfigjson': JSON.stringify({ auths: { [server]: account } }) }, 'kubernetes.io/dockerconfigjson')
        },
      }),
    ],
  },
  generatorCommand({
    name: 'serviceaccount',
    aliases: ['sa'],
    short: 'Create a service account with the specified name',
    noun: 'serviceaccount',
    usage: 'create serviceaccount NAME [--dry-run=server|client|none] [options]',
    flags: [],
    make: (_, name) => ({ kind: 'ServiceAccount', apiVersion: 'v1', metadata: metadataOf(name) }),
  }),
  generatorCommand({
    name: 'quota',
    aliases: ['resourcequota'],
    short: 'Create a quota with the specified name',
    noun: 'quota',
    usage: 'create quota NAME [--hard=key1=value1,key2=value2] [--dry-run=server|client|none] [options]',
    flags: [flag('string', 'hard', '', 'Limits, resource=quantity.')],
    make: (kube, name) => ({
      kind: 'ResourceQuota',
      apiVersion: 'v1',
      metadata: metadataOf(name),
      spec: kube.flags.text('hard') === '' ? {} : { hard: parsePairs(kube.flags.text('hard')) },
      status: {},
    }),
  }),
]

function secret(name: string, data: Record<string, string>, type: string): ReturnType<Parameters<typeof generatorCommand>[0]['make']> {
  const encoded = Object.fromEntries(Object.keys(data).map((key) => [key, encodeBase64(data[key])]))
  return {
    kind: 'Secret',
    apiVersion: 'v1',
    metadata: metadataOf(name),
    ...(Object.keys(data).length > 0 ? { data: encoded } : {}),
    ...(type === '' ? {} : { type }),
  }
}

function dataOf(kube: Invocation): Record<string, string> {
  const data = new Map<string, string>()
  const add = (key: string, value: string): void => {
    const problem = isConfigKey(key)[0]
    if (problem !== undefined) throw new KubectlError(`"${key}" is not a valid key name: ${problem}`)
    if (data.has(key))
      throw new KubectlError(
        `cannot add key ${JSON.stringify(key)}, another key by that name already exists in Data for ConfigMap ${JSON.stringify(kube.args[0] ?? '')}`,
      )
    data.set(key, value)
  }
  for (const text of kube.flags.list('from-literal')) {
    const equals = text.indexOf('=')
    if (equals <= 0) throw new KubectlError(`invalid literal source ${text}, expected key=value`)
    add(text.slice(0, equals), text.slice(equals + 1).replace(/^(["'])(.*)\1$/, '$2'))
  }
  for (const source of kube.flags.list('from-file')) addFile(kube, source, add)
  for (const source of kube.flags.list('from-env-file')) {
    for (const line of fileText(kube, source).split('\n')) {
      const text = line.trimStart()
      const equals = text.indexOf('=')
      if (text === '' || text.startsWith('#')) continue
      if (equals < 0) add(text, kube.proc.env.get(text) ?? '')
      else add(text.slice(0, equals), text.slice(equals + 1))
    }
  }
  return Object.fromEntries([...data].sort(([a], [b]) => byText(a, b)))
}

function addFile(kube: Invocation, source: string, add: (key: string, value: string) => void): void {
  const equals = source.indexOf('=')
  const path = equals < 0 ? source : source.slice(equals + 1)
  const list = kube.proc.fs.list(kube.proc.path(path))
  if (isErrno(list)) {
    add(equals < 0 ? path.slice(path.lastIndexOf('/') + 1) : source.slice(0, equals), fileText(kube, path))
    return
  }
  if (equals >= 0) throw new KubectlError('cannot give a key name for a directory path')
  for (const name of [...list].sort(byText)) {
    const text = kube.proc.fs.read(kube.proc.path(`${path}/${name}`))
    if (!isErrno(text)) add(name, text)
  }
}

function fileText(kube: Invocation, path: string): string {
  const text = kube.proc.fs.read(kube.proc.path(path))
  if (isErrno(text))
    throw new KubectlError(
      text === 'ENOENT' ? `error reading ${path}: no such file or directory` : `error reading ${path}: ${strerror(text).toLowerCase()}`,
    )
  return text
}
