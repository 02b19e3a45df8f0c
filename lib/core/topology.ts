/** What a cluster looks like to those who are in it, as its gate saw it last: data that any role may publish, drawn by the report. */

/** What one member says of another, or of itself. */
export interface Sighting {
  /** The host that says so. */
  readonly by: string
  /** In the cluster's own words: `UP`, `SUSPICIOUS`. */
  readonly state: string
}

export interface Member {
  /** The host of the inventory; null for a member that the inventory does not know. */
  readonly host: string | null
  /** `10.0.0.1:8848` */
  readonly address: string
  /** Of what runs there; empty where nobody could tell. */
  readonly version: string
  /** One word for all that is said of it. */
  readonly state: string
  /** Whether that is as it should be. */
  readonly well: boolean
  /** What it leads: `naming_service_metadata`, `all groups`. */
  readonly leads: readonly string[]
  /** By every member that was asked and answered. */
  readonly seen: readonly Sighting[]
}

export interface Topology {
  readonly members: readonly Member[]
}
