export function fakeClient(): never {
  throw new Error('not yet')
}
