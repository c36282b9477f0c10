/** Two wheels, one frame. */
export function Brand({ size }: { size: number }) {
  return (
    <svg viewBox="0 0 32 32" width={size} height={size} aria-hidden>
      <rect width="32" height="32" rx="9" fill="#0f5f5c" />
      <g fill="none" strokeWidth="2.6">
        <circle cx="11" cy="18" r="5.2" stroke="#fff" />
        <circle cx="21" cy="18" r="5.2" stroke="#8fe3d4" />
        <path d="M10 9.5h12" stroke="#fff" strokeLinecap="round" />
      </g>
    </svg>
  )
}
