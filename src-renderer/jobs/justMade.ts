// Which job or folder this window just made: its page opens with the name ready to be typed over. Told once.
let id: string | null = null;

export function markJustMade(made: string): void {
  id = made;
}
export function isJustMade(asked: string): boolean {
  return id === asked;
}
export function forgetJustMade(): void {
  id = null;
}
