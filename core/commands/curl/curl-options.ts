/** Command line of curl 7.88.1: short options may be joined, long ones may be cut short while they stay unambiguous. */

export interface CurlSettings {
  urls: string[]
  verbose: boolean
  silent: boolean
  showError: boolean
  include: boolean
  head: boolean
  fail: boolean
  failWithBody: boolean
  location: boolean
  insecure: boolean
  remoteName: boolean
  get: boolean
  compressed: boolean
  noBody: boolean
  output: string | null
  dumpHeader: string | null
  writeOut: string
  method: string
  headers: string[]
  data: string[]
  agent: string
  referer: string
  user: string
  cookie: string
  caFile: string
  maxTimeUs: number
  connectTimeoutUs: number
  retries: number
  retryDelayUs: number
  retryRefused: boolean
  retryAll: boolean
  maxRedirects: number
  resolve: string[]
  family: 'ipv4' | 'ipv6' | undefined
  version: '1.0' | '1.1'
}

/** letter, long name, whether it takes a value. */
const OPTIONS: readonly (readonly [letter: string, name: string, value?: boolean])[] = [
  ['v', 'verbose'], ['s', 'silent'], ['S', 'show-error'], ['i', 'include'], ['I', 'head'], ['f', 'fail'], ['', 'fail-with-body'],
  ['L', 'location'], ['', 'location-trusted'], ['k', 'insecure'], ['O', 'remote-name'], ['J', 'remote-header-name'], ['G', 'get'],
  ['', 'compressed'], ['o', 'output', true], ['D', 'dump-header', true], ['w', 'write-out', true], ['X', 'request', true],
  ['H', 'header', true], ['d', 'data', true], ['', 'data-raw', true], ['', 'data-binary', true], ['', 'data-ascii', true],
  ['', 'data-urlencode', true], ['', 'json', true], ['A', 'user-agent', true], ['e', 'referer', true], ['u', 'user', true],
  ['b', 'cookie', true], ['c', 'cookie-jar', true], ['', 'cacert', true], ['', 'capath', true], ['E', 'cert', true], ['', 'key', true],
  ['m', 'max-time', true], ['', 'connect-timeout', true], ['', 'retry', true], ['', 'retry-delay', true], ['', 'retry-max-time', true],
  ['', 'retry-connrefused'], ['', 'retry-all-errors'], ['', 'max-redirs', true], ['', 'resolve', true], ['', 'connect-to', true],
  ['4', 'ipv4'], ['6', 'ipv6'], ['0', 'http1.0'], ['', 'http1.1'], ['', 'http2'], ['', 'http2-prior-knowledge'], ['N', 'no-buffer'],
  ['g', 'globoff'], ['#', 'progress-bar'], ['', 'no-progress-meter'], ['', 'noproxy', true], ['x', 'proxy', true], ['', 'url', true],
  ['q', 'disable'], ['', 'path-as-is'], ['', 'no-keepalive'], ['', 'keepalive-time', true], ['', 'tcp-nodelay'], ['', 'interface', true],
  ['', 'local-port', true], ['Z', 'parallel'], ['V', 'version'], ['h', 'help'], ['M', 'manual'], ['', 'tlsv1.2'], ['', 'tlsv1.3'],
  ['T', 'upload-file', true], ['F', 'form', true], ['r', 'range', true], ['', 'haproxy-protocol'], ['', 'oauth2-bearer', true],
]

export type CurlOptions = { settings: CurlSettings; wants: '' | 'version' | 'help' } | { complaint: string }

export function readCurlOptions(words: readonly string[], readFile: (name: string) => string | null): CurlOptions {
  const settings: CurlSettings = {
    urls: [], verbose: false, silent: false, showError: false, include: false, head: false, fail: false, failWithBody: false, location: false,
    insecure: false, remoteName: false, get: false, compressed: false, noBody: false, output: null, dumpHeader: null, writeOut: '', method: '',
    headers: [], data: [], agent: 'curl/7.88.1', referer: '', user: '', cookie: '', caFile: '', maxTimeUs: 0, connectTimeoutUs: 0, retries: 0,
    retryDelayUs: 0, retryRefused: false, retryAll: false, maxRedirects: 50, resolve: [], family: undefined, version: '1.1',
  }
  let wants: '' | 'version' | 'help' = ''
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at]
    if (!word.startsWith('-') || word === '-') {
      settings.urls.push(word)
      continue
    }
    if (word === '--') {
      settings.urls.push(...words.slice(at + 1))
      break
    }
    if (word.startsWith('--')) {
      const name = word.slice(2)
      const positive = name.startsWith('no-') ? name.slice(3) : name
      const exact = OPTIONS.find(([, known]) => known === name) ?? OPTIONS.find(([, known]) => known === positive)
      const near = exact ? [exact] : OPTIONS.filter(([, known]) => known.startsWith(name))
      if (near.length === 0) return { complaint: `option ${word}: is unknown` }
      if (near.length > 1) return { complaint: `option ${word}: is ambiguous` }
      const [, known, takes] = near[0]
      if (takes) {
        at += 1
        if (at >= words.length) return { complaint: `option ${word}: requires parameter` }
      }
      const failure = apply(settings, known, takes ? words[at] : '', readFile, name !== known && name.startsWith('no-'))
      if (failure !== null) return { complaint: `option ${word}: ${failure}` }
      if (known === 'version' || known === 'help') wants = known
      continue
    }
    for (let i = 1; i < word.length; i += 1) {
      const option = OPTIONS.find(([letter]) => letter === word[i])
      if (!option) return { complaint: `option ${word}: is unknown` }
      const [, known, takes] = option
      let value = ''
      if (takes) {
        value = word.slice(i + 1)
        if (value === '') {
          at += 1
          if (at >= words.length) return { complaint: `option -${word[i]}: requires parameter` }
          value = words[at]
        }
      }
      const failure = apply(settings, known, value, readFile, false)
      if (failure !== null) return { complaint: `option -${word[i]}: ${failure}` }
      if (known === 'version' || known === 'help') wants = known
      if (takes) break
    }
  }
  return { settings, wants }
}

function seconds(value: string): number | null {
  return /^\d+(\.\d+)?$/.test(value) ? Math.round(Number(value) * 1e6) : null
}

const NOT_A_NUMBER = 'expected a proper numerical parameter'

function apply(settings: CurlSettings, name: string, value: string, readFile: (name: string) => string | null, off: boolean): string | null {
  const on = !off
  switch (name) {
    case 'verbose':
      settings.verbose = on
      break
    case 'silent':
      settings.silent = on
      break
    case 'show-error':
      settings.showError = on
      break
    case 'include':
      settings.include = on
      break
    case 'head':
      settings.head = on
      break
    case 'fail':
      settings.fail = on
      break
    case 'fail-with-body':
      settings.failWithBody = on
      break
    case 'location':
    case 'location-trusted':
      settings.location = on
      break
    case 'insecure':
      settings.insecure = on
      break
    case 'remote-name':
      settings.remoteName = true
      break
    case 'get':
      settings.get = true
      break
    case 'compressed':
      settings.compressed = true
      break
    case 'output':
      settings.output = value
      break
    case 'dump-header':
      settings.dumpHeader = value
      break
    case 'write-out': {
      const text = value.startsWith('@') ? readFile(value.slice(1)) : value
      settings.writeOut = text ?? ''
      break
    }
    case 'request':
      settings.method = value
      break
    case 'header': {
      const text = value.startsWith('@') ? (readFile(value.slice(1)) ?? '') : value
      settings.headers.push(...text.split(/\r?\n/).filter((line) => line !== ''))
      break
    }
    case 'data':
    case 'data-ascii':
    case 'data-binary': {
      if (!value.startsWith('@')) {
        settings.data.push(value)
        break
      }
      const text = readFile(value.slice(1))
      if (text === null) return 'error encountered when reading a file'
      settings.data.push(name === 'data-binary' ? text : text.replace(/[\r\n]/g, ''))
      break
    }
    case 'data-raw':
      settings.data.push(value)
      break
    case 'data-urlencode': {
      const equals = value.indexOf('=')
      settings.data.push(equals < 0 ? encodeURIComponent(value) : value.slice(0, equals + (equals > 0 ? 1 : 0)) + encodeURIComponent(value.slice(equals + 1)))
      break
    }
    case 'json':
      settings.data.push(value.startsWith('@') ? (readFile(value.slice(1)) ?? '') : value)
      settings.headers.push('Content-Type: application/json', 'Accept: application/json')
      break
    case 'user-agent':
      settings.agent = value
      break
    case 'referer':
      settings.referer = value
      break
    case 'user':
      settings.user = value
      break
    case 'oauth2-bearer':
      settings.headers.push(`Authorization: Bearer ${value}`)
      break
    case 'cookie':
      settings.cookie = value
      break
    case 'range':
      settings.headers.push(`Range: bytes=${value}`)
      break
    case 'cacert':
      settings.caFile = value
      break
    case 'max-time':
    case 'connect-timeout':
    case 'retry-delay': {
      const us = seconds(value)
      if (us === null) return NOT_A_NUMBER
      if (name === 'max-time') settings.maxTimeUs = us
      else if (name === 'connect-timeout') settings.connectTimeoutUs = us
      else settings.retryDelayUs = us
      break
    }
    case 'retry':
    case 'max-redirs': {
      if (!/^-?\d+$/.test(value)) return NOT_A_NUMBER
      if (name === 'retry') settings.retries = Math.min(Number(value), 1000)
      else settings.maxRedirects = Number(value) < 0 ? 1000 : Math.min(Number(value), 1000)
      break
    }
    case 'retry-connrefused':
      settings.retryRefused = true
      break
    case 'retry-all-errors':
      settings.retryAll = true
      break
    case 'resolve':
      settings.resolve.push(value)
      break
    case 'connect-to': {
      const parts = value.split(':')
      if (parts.length === 4) settings.resolve.push(`${parts[0]}:${parts[1]}:${parts[2] || parts[0]}:${parts[3]}`)
      break
    }
    case 'ipv4':
      settings.family = 'ipv4'
      break
    case 'ipv6':
      settings.family = 'ipv6'
      break
    case 'http1.0':
      settings.version = '1.0'
      break
    case 'url':
      settings.urls.push(value)
      break
  }
  return null
}
