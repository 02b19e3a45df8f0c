/** Which names say that what stands under them is a secret, and which values do: the one place for all that shows variables. */

/** The last words of such a name, `api_key`, `dbPassword` and `secret.key` being three ways to write words. */
const secret =
  /((^|_)(pass|pwd?|creds?|identity_value)|passw(or)?ds?|passphrases?|secrets?|tokens?|credentials?|(_|api|access)keys?)$/
/** Keys that everybody may see, or that find something. */
const open = /(^|_)(public|host|authorized|primary|foreign|sort|partition|cache)_keys?$/

/** A number behind a name, of one of several: `db.password.0`, `db_password_0`, `password2`, `credentials[0]`. */
const index = /[._[-]?\d+\]?$/

/** Whether the value under a name is a secret, however it is written. A path to one (`ssh_private_key_file`) is none. */
export function isSecretName(name: string): boolean {
  const words = name
    .replace(index, '')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[.-]/g, '_')
  return secret.test(words) && !open.test(words)
}

/** Whether a value must never be seen: by its name, or because it is a URL with a password. */
export const isSecret = (name: string, value: string): boolean => isSecretName(name) || inUrl(value)

/**
 * Whether a URL has a user with a password before its host, or a secret by the name of a parameter: behind the `?`, and in
 * the forms of JDBC in the host itself. What might be a user's counts as one, for a password may hold `/` and `?`.
 */
function inUrl(text: string): boolean {
  const [, ...rests] = text.split('://')
  const rest = rests.join('://')
  const names = [...rest.matchAll(/[?&(,;]([^=?&(),;]+)=/g)].map(([, name = '']) => name.trim())
  return rest.includes('@') || names.some(isSecretName)
}

/** Whether a text names what may be a secret: wider, for where nothing is lost by leaving it out. */
export const mentionsSecret = (text: string): boolean =>
  /pass|pw|secret|token|key|cred|auth|private|identity/i.test(text)
