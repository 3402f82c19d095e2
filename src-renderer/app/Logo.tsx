// The product's mark.
export function Logo({ size = 20 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" aria-hidden focusable="false">
      <rect x="2" y="3" width="20" height="18" rx="4" fill="var(--accent)" />
      <rect x="6" y="7" width="12" height="2.4" rx="1.2" fill="#fff" />
      <rect x="6" y="11" width="12" height="2.4" rx="1.2" fill="#fff" opacity=".75" />
      <rect x="6" y="15" width="7" height="2.4" rx="1.2" fill="#fff" opacity=".5" />
    </svg>
  );
}
