/** Completion. */
export function completeShellArguments(): string[] {
  return []
}
