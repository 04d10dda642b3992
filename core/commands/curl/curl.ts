/**
 * curl 7.88.1 for http: its messages, exit codes, `-v` and `-w`, and its progress meter when the output is no terminal.
 * Omits: protocols other than http, uploads, forms, configuration files, URL globbing, cookies between transfers, proxies.
 */
import { isErrno } from '../../base/errno.ts'
import { utf8Decode } from '../../base/utf8.ts'
import { formatIp } from '../../net/addr/ip.ts'
import type { Process } from '../../linux/process.ts'
import type { Executable } from '../../linux/program.ts'
import type { Wait } from '../../linux/wait.ts'
import { readCurlOptions, type CurlSettings } from './curl-options.ts'
import { type Outcome, parseUrl, transfer } from './transfer.ts'

const TRY_HELP = "curl: try 'curl --help' or 'curl --manual' for more information\n"

const VERSION = `curl 7.88.1 (x86_64-pc-linux-gnu) libcurl/7.88.1 OpenSSL/3.0.19 zlib/1.2.13
Release-Date: 2023-02-20
Protocols: http https
Features: IPv6 Largefile SSL UnixSockets
`

const HELP = `Usage: curl [options...] <url>
 -d, --data <data>          HTTP POST data
 -f, --fail                 Fail fast with no output on HTTP errors
 -h, --help <category>      Get help for commands
 -i, --include              Include protocol response headers in the output
 -o, --output <file>        Write to file instead of stdout
 -O, --remote-name          Write output to a file named as the remote file
 -s, --silent               Silent mode
 -T, --upload-file <file>   Transfer local FILE to destination
 -u, --user <user:password> Server user and password
 -A, --user-agent <name>    Send User-Agent <name> to server
 -v, --verbose              Make the operation more talkative
 -V, --version              Show version number and quit

This is not the full help, this menu is stripped into categories.
Use "--help category" to get an overview of all categories.
For all options use the manual or "--help all".
`

const METER_HEAD = `  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current
                                 Dload  Upload   Total   Spent    Left  Speed
`

export const curl: Executable = {
  *program(proc, argv) {
    const piped = argv.includes('@-') || argv.includes('-d@-') ? yield* proc.readAll(0) : ''
    const readFile = (name: string): string | null => {
      if (name === '-') return piped
      const text = proc.fs.read(proc.path(name))
      return isErrno(text) ? null : text
    }
    const read = readCurlOptions(argv.slice(1), readFile)
    if ('complaint' in read) {
      proc.error(`curl: ${read.complaint}\n${TRY_HELP}`)
      return 2
    }
    if (read.wants !== '') {
      proc.print(read.wants === 'version' ? VERSION : HELP)
      return 0
    }
    if (read.settings.urls.length === 0) {
      proc.error(read.settings.verbose || argv.length > 1 ? `curl: no URL specified!\n${TRY_HELP}` : TRY_HELP)
      return 2
    }
    let exitCode = 0
    for (const url of read.settings.urls) exitCode = yield* fetchUrl(proc, read.settings, url)
    return exitCode
  },
}

function* fetchUrl(proc: Process, settings: CurlSettings, url: string): Generator<Wait, number, unknown> {
  const name = outputName(settings, url)
  if (name === '') {
    if (!settings.silent || settings.showError) proc.error('curl: Remote file name has no length!\ncurl: (23) Failed writing received data to disk/application\n')
    return 23
  }
  const toTerminal = name === null && proc.fds.get(1)?.tty != null
  const meter = !settings.silent && !toTerminal
  for (let attempt = 0; ; attempt += 1) {
    const startUs = proc.world.clock.nowUs
    let metering = meter
    let received = 0
    let sent = 0
    const endMeter = (): void => {
      if (metering) proc.error(`${meterLine(received, received, sent, proc.world.clock.nowUs - startUs)}\n`)
      metering = false
    }
    const say = (text: string): void => {
      const data = /^([{}]) \[(\d+) bytes data\]/.exec(text)
      if (data) {
        if (data[1] === '{') received = Number(data[2])
        else sent = Number(data[2])
      }
      // The meter's last line stands before the connection's last words.
      if (text.startsWith('* Could not resolve')) metering = false
      if (text.startsWith('* Closing connection') || text.startsWith('* Connection #')) endMeter()
      if (settings.verbose) proc.error(text)
    }
    if (meter) proc.error(METER_HEAD + meterLine(0, 0, 0, 0))
    let written = false
    let writeFailed = false
    const write = (outcome: Outcome): void => {
      written = true
      const head = settings.include || settings.head ? outcome.head : ''
      const text = head + utf8Decode(outcome.body)
      if (settings.dumpHeader !== null) {
        if (settings.dumpHeader === '-') proc.print(outcome.head)
        else proc.fs.write(proc.path(settings.dumpHeader), outcome.head)
      }
      if (name === null) proc.print(text)
      else if (proc.fs.write(proc.path(name), text)) writeFailed = true
    }
    const outcome = yield* transfer(proc, settings, url, say, (done) => {
      received = done.body.length
      if (toTerminal || name !== null) write(done)
    }, settings.verbose && !toTerminal)
    received = outcome.body.length
    sent = outcome.uploaded
    // A host without an address never gets as far as a second line of the meter.
    if (outcome.exitCode !== 6) endMeter()
    if (outcome.response && !written && (outcome.exitCode === 0 || settings.failWithBody)) write(outcome)
    if (writeFailed) outcome.exitCode = 23
    if (writeFailed) outcome.message = 'Failure writing output to destination'
    const retriable = mayRetry(settings, outcome)
    if (settings.writeOut !== '' && !(retriable && attempt < settings.retries)) proc.print(writeOutText(settings.writeOut, outcome))
    if (outcome.exitCode !== 0 && (!settings.silent || settings.showError)) proc.error(`curl: (${outcome.exitCode}) ${outcome.message}\n`)
    if (!retriable || attempt >= settings.retries) return outcome.exitCode
    const delayUs = settings.retryDelayUs > 0 ? settings.retryDelayUs : Math.min(2 ** attempt, 600) * 1_000_000
    if (!settings.silent) {
      const left = settings.retries - attempt
      const why = outcome.exitCode === 0 ? `HTTP error` : outcome.exitCode === 28 ? 'timeout' : outcome.refused ? 'connection refused' : '(retrying all errors)'
      proc.error(`Warning: Problem: ${why}. Will retry in ${delayUs / 1e6} ${delayUs === 1e6 ? 'second' : 'seconds'}. ${left} ${left === 1 ? 'retry' : 'retries'} left.\n`)
    }
    yield* proc.sleepUs(delayUs)
  }
}

/** null: standard output; '': there is no name to take from the URL. */
function outputName(settings: CurlSettings, url: string): string | null {
  if (settings.output !== null) return settings.output === '-' ? null : settings.output
  if (!settings.remoteName) return null
  return (parseUrl(url)?.path ?? '/').replace(/\?.*$/, '').split('/').pop() ?? ''
}

function mayRetry(settings: CurlSettings, outcome: Outcome): boolean {
  if (settings.retries === 0) return false
  if (outcome.exitCode === 28 || outcome.exitCode === 6) return true
  if (outcome.refused && settings.retryRefused) return true
  const status = outcome.response?.status ?? 0
  if ([408, 429, 500, 502, 503, 504].includes(status)) return true
  return settings.retryAll && outcome.exitCode !== 0
}

/** A number in five columns, as the meter squeezes it. */
function five(value: number): string {
  if (value < 100000) return String(Math.floor(value)).padStart(5)
  if (value < 10000 * 1024) return `${String(Math.floor(value / 1024)).padStart(4)}k`
  return `${String(Math.floor(value / 1048576)).padStart(4)}M`
}

function meterLine(total: number, received: number, sent: number, us: number): string {
  const percent = total > 0 ? 100 : 0
  const rate = (bytes: number): number => (us > 0 ? (bytes * 1e6) / us : 0)
  const seconds = Math.floor(us / 1e6)
  const spent = seconds > 0 ? `${String(Math.floor(seconds / 3600)).padStart(2)}:${String(Math.floor(seconds / 60) % 60).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}` : '--:--:--'
  const all = total + sent
  return (
    `\r${String(percent).padStart(3)} ${five(all)}  ${String(percent).padStart(3)} ${five(received)}  ${String(sent > 0 ? 100 : 0).padStart(3)} ${five(sent)}  ` +
    `${five(rate(received))}  ${five(rate(sent))} --:--:-- ${spent} --:--:-- ${five(rate(all))}`
  )
}

function writeOutText(format: string, outcome: Outcome): string {
  const seconds = (us: number): string => (us === 0 ? 0 : Math.max(us - outcome.startUs, 0) / 1e6).toFixed(6)
  const values = new Map<string, string>([
    ['http_code', String(outcome.response?.status ?? 0).padStart(3, '0')],
    ['response_code', String(outcome.response?.status ?? 0).padStart(3, '0')],
    ['http_version', outcome.response?.version === 'HTTP/1.0' ? '1' : outcome.response ? '1.1' : '0'],
    ['content_type', outcome.response?.headers.get('content-type') ?? ''],
    ['exitcode', String(outcome.exitCode)],
    ['errormsg', outcome.message],
    ['method', outcome.method],
    ['scheme', outcome.response ? 'HTTP' : ''],
    ['local_ip', outcome.local === null ? '' : formatIp(outcome.local)],
    ['local_port', String(outcome.localPort)],
    ['remote_ip', outcome.remote === null ? '' : formatIp(outcome.remote)],
    ['remote_port', String(outcome.remotePort)],
    ['num_connects', String(outcome.connects)],
    ['num_redirects', String(outcome.redirects)],
    ['redirect_url', outcome.response?.headers.get('location') ?? ''],
    ['size_download', String(outcome.body.length)],
    ['size_upload', String(outcome.uploaded)],
    ['size_header', String(outcome.head.length)],
    ['speed_download', String(outcome.endUs > outcome.startUs ? Math.floor((outcome.body.length * 1e6) / (outcome.endUs - outcome.startUs)) : 0)],
    ['time_namelookup', seconds(outcome.resolvedUs)],
    ['time_connect', seconds(outcome.connectedUs)],
    ['time_appconnect', '0.000000'],
    ['time_pretransfer', seconds(outcome.sentUs)],
    ['time_starttransfer', seconds(outcome.firstByteUs)],
    ['time_redirect', '0.000000'],
    ['time_total', seconds(outcome.endUs)],
    ['url', outcome.effectiveUrl],
    ['url_effective', /^[a-z]+:\/\//i.test(outcome.effectiveUrl) ? outcome.effectiveUrl : `http://${outcome.effectiveUrl}${outcome.effectiveUrl.includes('/') ? '' : '/'}`],
  ])
  return format.replace(/%\{([a-zA-Z_]+)\}|%%|\\([ntr\\])/g, (all, name: string | undefined, escape: string | undefined) => {
    if (escape !== undefined) return { n: '\n', t: '\t', r: '\r', '\\': '\\' }[escape] as string
    if (name === undefined) return '%'
    return values.get(name) ?? (all.startsWith('%{header') ? '' : '')
  })
}
