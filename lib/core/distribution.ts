/** What an archive holds, as far as roles need to know it before any host is asked. */
export interface Distribution {
  /** For people: the file's name. */
  readonly name: string
  /** The verified file on the controller. */
  readonly path: string
  readonly bytes: number
  readonly sha256: string
  /** Text files of the distribution by their path below its first folder: `conf/application.properties`. */
  readonly texts: Readonly<Record<string, string>>
  /** All that it holds, but for folders, by the same paths. */
  readonly files?: readonly string[]
}
