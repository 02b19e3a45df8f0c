/** What `find` gives for a key, found once: whoever asks again, also meanwhile, gets the same promise. */
export function remember<T>(known: Map<string, Promise<T>>, key: string, find: () => Promise<T>): Promise<T> {
  const before = known.get(key)
  if (before) return before
  const found = find()
  known.set(key, found)
  return found
}
