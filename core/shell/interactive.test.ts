/** A person at the shell: what is on the screen after which keys. `|` is the cursor. */
import { expect, test } from 'vitest'
import { linuxMachine, linuxWorld } from '../../test/support/linux.ts'
import { Terminal } from '../../test/support/terminal.ts'

const terminal = (options: ConstructorParameters<typeof Terminal>[1] = {}): Terminal => new Terminal(linuxMachine(linuxWorld(), 'client'), options)

/** Each step: keys, then the screen. */
async function play(t: Terminal, ...steps: string[][]): Promise<string> {
  const screens: string[] = []
  for (const keys of steps) screens.push(await t.type(...keys).screen())
  return screens.join('\n---\n')
}

test('editing inside a line', async () => {
  expect(await play(terminal(), ['echo abc', '\x1b[D\x1b[D', 'X'], ['\r'], ['\x1b[A', '\x01', 'time ', '\x05', ' end'], ['\x17', '\x15', '\x19', '\x1bb', '\x1bd'], ['\x1f', '\x03']))
    .toMatchInlineSnapshot(`
      "client:~$ echo aX|bc
      ---
      client:~$ echo aXbc
      aXbc
      client:~$ |
      ---
      client:~$ echo aXbc
      aXbc
      client:~$ time echo aXbc end|
      ---
      client:~$ echo aXbc
      aXbc
      client:~$ time echo aXbc |
      ---
      client:~$ echo aXbc
      aXbc
      client:~$ time echo aXbc end^C
      client:~$ |"
    `)
})

test('wide characters and combining marks', async () => {
  expect(await play(terminal(), ['echo 日本語', '\x1b[D', 'x'], ['\x7f\x7f'], ['\x05e\u0301'], ['\x7f'], ['\r'])).toMatchInlineSnapshot(`
    "client:~$ echo 日本x|語
    ---
    client:~$ echo 日|語
    ---
    client:~$ echo 日語é|
    ---
    client:~$ echo 日語|
    ---
    client:~$ echo 日語
    日語
    client:~$ |"
  `)
})

test('lines longer than the terminal', async () => {
  expect(await play(terminal({ columns: 20 }), ['echo 1234567890123456789012345'], ['\x01', 'Z'], ['\x05\x7f\x7f'], ['\x15'], ['echo 12345678'], ['9'], ['\x7f\x7f'], ['\r']))
    .toMatchInlineSnapshot(`
      "client:~$ echo 12345
      67890123456789012345
      |
      ---
      client:~$ Z|echo 1234
      56789012345678901234
      5
      ---
      client:~$ Zecho 1234
      5678901234567890123|
      ---
      client:~$ |
      ---
      client:~$ echo 12345
      678|
      ---
      client:~$ echo 12345
      6789|
      ---
      client:~$ echo 12345
      67|
      ---
      client:~$ echo 12345
      67
      1234567
      client:~$ |"
    `)
})

test('a wide character that does not fit in the last column', async () => {
  expect(await play(terminal({ columns: 20 }), ['echo 1234日'], ['本'], ['\x7f'], ['\x01', 'x'])).toMatchInlineSnapshot(`
    "client:~$ echo 1234
    日|
    ---
    client:~$ echo 1234
    日本|
    ---
    client:~$ echo 1234
    日|
    ---
    client:~$ x|echo 1234
    日"
  `)
})

test('a long line at the bottom of the screen', async () => {
  expect(await play(terminal({ columns: 20, rows: 4 }), ['\r\r\r', 'echo 1234567890123456789012345'], ['\x01', 'Z'], ['\x05', '\r'])).toMatchInlineSnapshot(`
    "client:~$
    client:~$ echo 12345
    67890123456789012345
    |
    ---
    client:~$
    client:~$ Z|echo 1234
    56789012345678901234
    5
    ---
    5
    bash: Zecho: command
     not found
    client:~$ |"
  `)
})

test('several lines, and recalled as one', async () => {
  expect(await play(terminal(), ['for i in 1 2\r', 'do echo $i\r', 'done\r'], ['\x1b[A'], ['\r'], ['echo "a\r', 'b"\r'], ['cat <<E\r', 'x\r', 'E\r'])).toMatchInlineSnapshot(`
    "client:~$ for i in 1 2
    > do echo $i
    > done
    1
    2
    client:~$ |
    ---
    client:~$ for i in 1 2
    > do echo $i
    > done
    1
    2
    client:~$ for i in 1 2
    do echo $i
    done|
    ---
    > do echo $i
    > done
    1
    2
    client:~$ for i in 1 2
    do echo $i
    done
    1
    2
    client:~$ |
    ---
    client:~$ for i in 1 2
    do echo $i
    done
    1
    2
    client:~$ echo "a
    > b"
    a
    b
    client:~$ |
    ---
    2
    client:~$ echo "a
    > b"
    a
    b
    client:~$ cat <<E
    > x
    > E
    x
    client:~$ |"
  `)
})

test('interrupting', async () => {
  const t = terminal()
  expect(await play(t, ['sleep 100\r'], ['\x03'], ['echo $?\r'])).toMatchInlineSnapshot(`
    "client:~$ sleep 100
    |
    ---
    client:~$ sleep 100
    ^C
    client:~$ |
    ---
    client:~$ sleep 100
    ^C
    client:~$ echo $?
    130
    client:~$ |"
  `)
  t.type('clear\r', 'while true; do sleep 1; done\r').wait(3)
  expect(await play(t, ['\x03'], ['while true; do :; done\r', '\x03'], ['read x\r', '\x03', 'echo $?\r'])).toMatchInlineSnapshot(`
    "client:~$ while true; do sleep 1; done
    ^C
    client:~$ |
    ---
    client:~$ while true; do sleep 1; done
    ^C
    client:~$ while true; do :; done
    ^C
    client:~$ |
    ---
    client:~$ while true; do sleep 1; done
    ^C
    client:~$ while true; do :; done
    ^C
    client:~$ read x
    ^C
    client:~$ echo $?
    130
    client:~$ |"
  `)
})

test('jobs', async () => {
  const t = terminal({ columns: 60, rows: 20 })
  const before = await play(t, ['sleep 100\r', '\x1a'], ['bg\r', 'jobs\r'], ['fg\r'], ['\x03'], ['sleep 1 & sleep 200 &\r'])
  t.wait(2)
  expect(`${before}\n---\n${await play(t, ['\r'], ['kill %2\r', 'wait\r'])}`).toMatchInlineSnapshot(`
    "client:~$ sleep 100
    ^Z
    [1]+  Stopped                 sleep 100
    client:~$ |
    ---
    client:~$ sleep 100
    ^Z
    [1]+  Stopped                 sleep 100
    client:~$ bg
    [1]+ sleep 100 &
    client:~$ jobs
    [1]+  Running                 sleep 100 &
    client:~$ |
    ---
    client:~$ sleep 100
    ^Z
    [1]+  Stopped                 sleep 100
    client:~$ bg
    [1]+ sleep 100 &
    client:~$ jobs
    [1]+  Running                 sleep 100 &
    client:~$ fg
    sleep 100
    |
    ---
    client:~$ sleep 100
    ^Z
    [1]+  Stopped                 sleep 100
    client:~$ bg
    [1]+ sleep 100 &
    client:~$ jobs
    [1]+  Running                 sleep 100 &
    client:~$ fg
    sleep 100
    ^C
    client:~$ |
    ---
    client:~$ sleep 100
    ^Z
    [1]+  Stopped                 sleep 100
    client:~$ bg
    [1]+ sleep 100 &
    client:~$ jobs
    [1]+  Running                 sleep 100 &
    client:~$ fg
    sleep 100
    ^C
    client:~$ sleep 1 & sleep 200 &
    [1] 103
    [2] 104
    client:~$ |
    ---
    client:~$ sleep 100
    ^Z
    [1]+  Stopped                 sleep 100
    client:~$ bg
    [1]+ sleep 100 &
    client:~$ jobs
    [1]+  Running                 sleep 100 &
    client:~$ fg
    sleep 100
    ^C
    client:~$ sleep 1 & sleep 200 &
    [1] 103
    [2] 104
    client:~$
    [1]-  Done                    sleep 1
    client:~$ |
    ---
    client:~$ sleep 100
    ^Z
    [1]+  Stopped                 sleep 100
    client:~$ bg
    [1]+ sleep 100 &
    client:~$ jobs
    [1]+  Running                 sleep 100 &
    client:~$ fg
    sleep 100
    ^C
    client:~$ sleep 1 & sleep 200 &
    [1] 103
    [2] 104
    client:~$
    [1]-  Done                    sleep 1
    client:~$ kill %2
    [2]+  Terminated              sleep 200
    client:~$ wait
    client:~$ |"
  `)
})

test('programs that read the keyboard', async () => {
  expect(await play(terminal(), ['cat\r', 'hi\r', 'there\x7f\x7f\r', '\x04'], ['cat\rtyped ahead\r\x04echo done\r'])).toMatchInlineSnapshot(`
    "client:~$ cat
    hi
    hi
    the
    the
    client:~$ |
    ---
    hi
    hi
    the
    the
    client:~$ cat
    typed ahead
    typed ahead
    client:~$ echo done
    done
    client:~$ |"
  `)
  expect(await play(terminal(), ['read -p "name: " x; echo "<$x>"\r', 'Bob\r'], ['read -s y\r', 'secret\r', 'echo $y\r'], ['cat &\r', 'jobs\r'])).toMatchInlineSnapshot(`
    "client:~$ read -p "name: " x; echo "<$x>
    "
    name: Bob
    <Bob>
    client:~$ |
    ---
    client:~$ read -p "name: " x; echo "<$x>
    "
    name: Bob
    <Bob>
    client:~$ read -s y
    client:~$ echo $y
    secret
    client:~$ |
    ---
    name: Bob
    <Bob>
    client:~$ read -s y
    client:~$ echo $y
    secret
    client:~$ cat &
    [1] 102
    client:~$ jobs
    [1]+  Stopped                 cat
    client:~$ |"
  `)
})

test('completion', async () => {
  const t = terminal()
  t.machine.fs.write('/root/my file.txt', '')
  t.machine.fs.install('/bin/kube', {
    program: function* (proc, argv) { yield* proc.work(1); proc.print(`${argv.join(' ')}\n`); return 0 },
    complete: (_, words, index) => (index === 1 ? ['get', 'get-all', 'describe'] : words[1] === 'get' ? ['pods', 'services', '--namespace='] : []),
  })
  expect(await play(t, ['hostn\t'], ['\x15ls /etc/ho\t'], ['\t\t'], ['\x15cat my\t'], ['\x15kube de\t'], ['\x15kube get po\t'], ['\x15kube get --n\t'], ['\x15echo $HOM\t'], ['\x15cd /et\t'], ['\x15ls > /tm\t']))
    .toMatchInlineSnapshot(`
      "client:~$ hostname |
      ---
      client:~$ ls /etc/host|
      ---
      client:~$ ls /etc/host
      hostname  hosts
      client:~$ ls /etc/host
      hostname  hosts
      client:~$ ls /etc/host|
      ---
      client:~$ ls /etc/host
      hostname  hosts
      client:~$ ls /etc/host
      hostname  hosts
      client:~$ cat my\\ file.txt |
      ---
      client:~$ ls /etc/host
      hostname  hosts
      client:~$ ls /etc/host
      hostname  hosts
      client:~$ kube describe |
      ---
      client:~$ ls /etc/host
      hostname  hosts
      client:~$ ls /etc/host
      hostname  hosts
      client:~$ kube get pods |
      ---
      client:~$ ls /etc/host
      hostname  hosts
      client:~$ ls /etc/host
      hostname  hosts
      client:~$ kube get --namespace=|
      ---
      client:~$ ls /etc/host
      hostname  hosts
      client:~$ ls /etc/host
      hostname  hosts
      client:~$ echo $HOME |
      ---
      client:~$ ls /etc/host
      hostname  hosts
      client:~$ ls /etc/host
      hostname  hosts
      client:~$ cd /etc/|
      ---
      client:~$ ls /etc/host
      hostname  hosts
      client:~$ ls /etc/host
      hostname  hosts
      client:~$ ls > /tmp/|"
    `)
})

test('history', async () => {
  const t = terminal({ rows: 14 })
  expect(await play(t, ['echo one\r', 'echo two\r', '\x12', 'on'], ['\r'], ['\x12', 'zzz'], ['\x07'], ['!!\r', '!echo\r', '!nope\r'], ['history 2\r'])).toMatchInlineSnapshot(`
    "client:~$ echo one
    one
    client:~$ echo two
    two
    (reverse-i-search)\`on': echo |one
    ---
    client:~$ echo one
    one
    client:~$ echo two
    two
    client:~$ echo one
    one
    client:~$ |
    ---
    client:~$ echo one
    one
    client:~$ echo two
    two
    client:~$ echo one
    one
    (failed reverse-i-search)\`zzz': |
    ---
    client:~$ echo one
    one
    client:~$ echo two
    two
    client:~$ echo one
    one
    client:~$ |
    ---
    one
    client:~$ echo two
    two
    client:~$ echo one
    one
    client:~$ !!
    echo one
    one
    client:~$ !echo
    echo one
    one
    client:~$ !nope
    bash: !nope: event not found
    client:~$ |
    ---
    client:~$ echo one
    one
    client:~$ !!
    echo one
    one
    client:~$ !echo
    echo one
    one
    client:~$ !nope
    bash: !nope: event not found
    client:~$ history 2
        3  echo one
        4  history 2
    client:~$ |"
  `)
  expect(t.machine.fs.read('/root/.bash_history')).toBe('echo one\necho two\necho one\nhistory 2\n')
  const next = new Terminal(t.machine)
  expect(await play(next, ['\x1b[A\x1b[A'])).toBe('client:~$ echo one|')
})

test('colours, pastes, and another width in xterm', async () => {
  const t = terminal({ term: 'xterm-256color', columns: 20 })
  expect(await play(t, ['\x1b[200~echo a\recho b\x1b[201~'], ['\r'], ['echo aaaaaaaaaaaaaaaaaaaa'])).toMatchInlineSnapshot(`
    "client:~$ echo a
    echo b|
    ---
    client:~$ echo a
    echo b
    a
    b
    client:~$ |
    ---
    client:~$ echo a
    echo b
    a
    b
    client:~$ echo aaaaa
    aaaaaaaaaaaaaaa|"
  `)
  t.resize(30, 10)
  expect(await t.screen()).toMatchInlineSnapshot(`
    "client:~$ echo a
    echo b
    a
    b
    client:~$ echo aaaaaaaaaaaaaaa
    aaaaa|"
  `)
  expect(t.raw.slice(0, t.raw.indexOf('\x1b[?2004l'))).toBe('\x1b[?2004h\x1b[1;32mclient\x1b[0m:\x1b[1;34m~\x1b[0m$ echo a\r\necho b\r\n')
})

test('leaving', async () => {
  const t = terminal()
  expect(await play(t, ['bash\r', 'echo $SHLVL\r', '\x04', 'false\r', '\x04'])).toMatchInlineSnapshot(`
    "client:~$ bash
    client:~$ echo $SHLVL
    2
    client:~$ exit
    client:~$ false
    client:~$ exit
    |"
  `)
  expect(t.exitCode).toBe(1)
  const u = terminal()
  u.type('sleep 1000\r').tty.hangup()
  u.wait(1)
  expect([u.exitCode, u.machine.processes.size]).toEqual([129, 0])
})

test('the small shell of small images', async () => {
  expect(await play(terminal({ argv: ['sh'] }), ['nope\r', 'cd /etc\r', 'cat nope\r'])).toMatchInlineSnapshot(`
    "~ # nope
    sh: nope: not found
    ~ # cd /etc
    /etc # cat nope
    cat: nope: No such file or directory
    /etc # |"
  `)
})
