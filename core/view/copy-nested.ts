/** A copy of a map of maps: the cheap half of a checkpoint. The values inside are never changed, only replaced. Models nothing by itself. */
export function copyNested<K, L, V>(maps: ReadonlyMap<K, ReadonlyMap<L, V>>): Map<K, Map<L, V>> {
  const copy = new Map<K, Map<L, V>>()
  for (const [key, inner] of maps) copy.set(key, new Map(inner))
  return copy
}

/** The inner map of a key, made when it is not there. */
export function innerMap<K, L, V>(maps: Map<K, Map<L, V>>, key: K): Map<L, V> {
  let inner = maps.get(key)
  if (inner === undefined) {
    inner = new Map()
    maps.set(key, inner)
  }
  return inner
}
