/** What an awk program asks of the world around it; `W` is what a generator yields when it has to wait. */
export interface AwkHost<W> {
  print(text: string): void
  error(text: string): void
  /** The next chunk of a file or of standard input (`-`); null at its end, or a complaint. */
  read(path: string): Generator<W, string | null | { error: string }, unknown>
  write(path: string, text: string, append: boolean): string | null
  /** Runs a shell command with this input; its output is kept or goes where ours goes. */
  run(command: string, input: string | null, keep: boolean): Generator<W, { output: string; code: number }, unknown>
  /** False when nobody reads any more. */
  flush(): Generator<W, boolean, unknown>
  environment: Iterable<readonly [string, string]>
  /** A whole number below 2³². */
  random(): number
  epochSeconds(): number
}
