/**
 * Questions to a host, packed into one script and unpacked into answers.
 *
 * A reader is one piece of shell that answers for many keys at once: it prints lines of `KEY<tab>ANSWER`, several
 * lines for one key if the answer has several, none if there is nothing there. "Not there" is the empty answer.
 */
export type Reader = (keys: readonly string[]) => string

export interface Question {
  readonly reader: Reader
  readonly key: string
}

/** The answer to every question asked; the empty string where there was nothing. */
export type Answers = (question: Question) => string

/** The questions sorted by reader, each key once. Order is the order of first appearance, so a script is reproducible. */
export function byReader(questions: readonly Question[]): Map<Reader, string[]> {
  const keys = new Map<Reader, Set<string>>()
  for (const { reader, key } of questions) {
    if (/[\t\n\r\0]/.test(key))
      throw new RangeError(`a question's key cannot hold a tab or a line break: ${JSON.stringify(key)}`)
    const known = keys.get(reader)
    if (known) known.add(key)
    else keys.set(reader, new Set([key]))
  }
  return new Map([...keys].map(([reader, set]) => [reader, [...set]]))
}

/** The answers of a second look at more questions, and those of the first to all others. */
export function joined(more: readonly Question[], second: Answers, first: Answers): Answers {
  const sorted = byReader(more)
  return (question) => (sorted.get(question.reader)?.includes(question.key) ? second : first)(question)
}

/** Those questions that are not among the ones asked. */
export function unasked(questions: readonly Question[], asked: readonly Question[]): readonly Question[] {
  const sorted = byReader(asked)
  return questions.filter(({ reader, key }) => !sorted.get(reader)?.includes(key))
}

/** One script for all questions. `mark` is a word that no answer contains; sections are told apart by it. */
export function pack(questions: readonly Question[], mark: string): string {
  return [...byReader(questions)]
    .map(([reader, keys], section) => `printf '%s\\n' '${mark} ${section}'\n${reader(keys)}\n`)
    .join('')
}

/** The answers in the output of the script that `pack` made of the same questions and mark. */
export function unpack(questions: readonly Question[], mark: string, output: string): Answers {
  const readers = [...byReader(questions).keys()]
  const found = new Map<Reader, Map<string, string>>(readers.map((reader) => [reader, new Map()]))
  let current: Map<string, string> | undefined
  for (const line of output.split('\n')) {
    if (line.startsWith(`${mark} `)) {
      const reader = readers[Number(line.slice(mark.length + 1))]
      current = reader && found.get(reader)
      continue
    }
    const tab = line.indexOf('\t')
    if (!current || tab < 0) continue
    const key = line.slice(0, tab)
    const before = current.get(key)
    current.set(key, before === undefined ? line.slice(tab + 1) : `${before}\n${line.slice(tab + 1)}`)
  }
  return answersOf(found)
}

/** A lookup over answers that are at hand already. Throws for a question that was never asked: a bug of ours. */
export function answersOf(found: ReadonlyMap<Reader, ReadonlyMap<string, string>>): Answers {
  return ({ reader, key }) => {
    const answers = found.get(reader)
    if (!answers) throw new Error(`the question ${reader.name}:${key} was never asked`)
    return answers.get(key) ?? ''
  }
}
