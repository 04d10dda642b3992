/** Apache httpd: files below htdocs, index.html, its error pages. Truth: docker-library/httpd. Omits: .htaccess, modules, reading of httpd.conf beyond `Listen`. */
import { httpDate } from '../../linux/libc/http-date.ts'
import type { HttpResponse } from '../../linux/libc/http-message.ts'
import { httpReason } from '../../linux/libc/http-message.ts'
import type { ServedRequest } from '../../linux/libc/http-server.ts'
import type { Process } from '../../linux/process.ts'
import type { Program } from '../../linux/program.ts'
import { alpineBase, debianBase, installProgram } from '../base-image.ts'
import type { Image } from '../image.ts'
import { commonLog, pathOf, response, runServer } from '../web-server.ts'

const VERSION = '2.4.65'
const ROOT = '/usr/local/apache2/htdocs'

export const httpdImage: Image = {
  sizeBytes: 45_213_112,
  build: ({ image }) => ({
    entrypoint: [],
    cmd: ['httpd-foreground'],
    cwd: '/usr/local/apache2',
    stopSignal: 'SIGWINCH',
    install(fs) {
      if (image.includes('alpine')) alpineBase(fs)
      else debianBase(fs)
      fs.mkdir('/usr/local/apache2/conf', { parents: true })
      fs.mkdir(ROOT, { parents: true })
      fs.write(`${ROOT}/index.html`, '<html><body><h1>It works!</h1></body></html>\n')
      fs.write('/usr/local/apache2/conf/httpd.conf', 'ServerRoot "/usr/local/apache2"\nListen 80\nDocumentRoot "/usr/local/apache2/htdocs"\n')
      installProgram(fs, '/usr/local/bin/httpd-foreground', httpd)
    },
  }),
}

const httpd: Program = function* (proc) {
  const conf = proc.fs.exists('/usr/local/apache2/conf/httpd.conf') ? proc.fs.read('/usr/local/apache2/conf/httpd.conf') : ''
  const port = Number(/^\s*Listen\s+(?:[\d.]+:)?(\d+)/m.exec(conf)?.[1] ?? 80)
  proc.error("AH00558: httpd: Could not reliably determine the server's fully qualified domain name, using 127.0.0.1. Set the 'ServerName' directive globally to suppress this message\n")
  const notice = (module: string, text: string): void => proc.error(`[${logTime(proc)}] [${module}:notice] [pid ${proc.localPid}:tid ${proc.localPid}] ${text}\n`)
  notice('mpm_event', `AH00489: Apache/${VERSION} (Unix) configured -- resuming normal operations`)
  notice('core', "AH00094: Command line: 'httpd -D FOREGROUND'")
  proc.onSignal('SIGWINCH', () => proc.exit(0))
  return yield* runServer(proc, port, answer, {
    server: `Apache/${VERSION} (Unix)`,
    bindError: (why) => `(98)${why}: AH00072: make_sock: could not bind to address 0.0.0.0:${port}\nno listening sockets available, shutting down\n`,
  })
}

/** `Thu Jan 01 00:00:03.120000 2026` */
function logTime(proc: Process): string {
  const { clock, epochMs } = proc.world
  const [day, date, month, year, time] = httpDate((epochMs + clock.nowUs / 1000) / 1000).replace(',', '').split(' ')
  return `${day} ${month} ${date} ${time}.${String(clock.nowUs % 1_000_000).padStart(6, '0')} ${year}`
}

function answer(request: ServedRequest): HttpResponse {
  const { fs, world } = request.thread
  let file = `${ROOT}${pathOf(request)}`.replaceAll(/\/+/g, '/')
  if (fs.isDirectory(file)) file = `${file.replace(/\/$/, '')}/index.html`
  const made = fs.exists(file) ? response(200, fs.read(file), 'text/html') : failure(404, 'The requested URL was not found on this server.')
  request.thread.print(commonLog(request, made.status, request.method === 'HEAD' ? 0 : made.body.length, world.nowIso()))
  return made
}

function failure(status: number, text: string): HttpResponse {
  return response(
    status,
    `<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<html><head>\n<title>${status} ${httpReason(status)}</title>\n</head><body>\n<h1>${httpReason(status)}</h1>\n<p>${text}</p>\n</body></html>\n`,
    'text/html; charset=iso-8859-1',
  )
}
