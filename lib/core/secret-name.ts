/** Which names say that what stands under them is a secret: the one list for all that shows variables. */

/** The last words of such a name, `api_key`, `dbPassword` and `secret.key` being three ways to write words. */
const secret =
  /((^|_)(pass|pwd?|creds?|identity_value)|passw(or)?ds?|passphrases?|secrets?|tokens?|credentials?|(_|api|access)keys?)$/
/** Keys that everybody may see, or that find something. */
const open = /(^|_)(public|host|authorized|primary|foreign|sort|partition|cache)_keys?$/

/** Whether the value under a name is a secret, however it is written. A path to one (`ssh_private_key_file`) is none. */
export function isSecretName(name: string): boolean {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[.-]/g, '_')
  return secret.test(words) && !open.test(words)
}

/** Whether a text names what may be a secret: wider, for where nothing is lost by leaving it out. */
export const mentionsSecret = (text: string): boolean =>
  /pass|pw|secret|token|key|cred|auth|private|identity/i.test(text)
