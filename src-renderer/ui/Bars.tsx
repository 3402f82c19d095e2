// Bars and lines to scale, drawn by ourselves: progress, shares of a whole with a legend, a rate over time.
import classes from './Bars.module.css';

export function ProgressBar({ fraction, label, tone = 'run' }: { fraction: number | null; label: string; tone?: 'run' | 'ok' | 'fail' }) {
  const percent = fraction === null ? null : Math.round(Math.min(1, Math.max(0, fraction)) * 100);
  return (
    <div className={classes['track']} role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100} {...(percent === null ? {} : { 'aria-valuenow': percent })}>
      <div className={`${classes['fill']} ${classes[tone]} ${percent === null ? classes['unknown'] : ''}`} style={{ width: `${percent ?? 30}%` }} />
    </div>
  );
}

export type Share = { name: string; value: number; color: string };

/** Shares of a whole; those under half a percent are left out of the bar and of the legend. */
export function ShareBar({ shares, label }: { shares: Share[]; label: string }) {
  const total = shares.reduce((sum, share) => sum + share.value, 0);
  const seen = shares.filter((share) => total > 0 && share.value / total >= 0.005);
  return (
    <figure className={classes['figure']} aria-label={label}>
      <div className={classes['shares']} aria-hidden>
        {seen.map((share) => <div key={share.name} style={{ flexGrow: share.value, background: share.color }} />)}
      </div>
      <figcaption className={classes['legend']}>
        {seen.map((share) => (
          <span key={share.name}>
            <i style={{ background: share.color }} aria-hidden />
            {share.name} <span className="dim">{Math.round((share.value / total) * 100)} %</span>
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

export function Sparkline({ values, label, width = 220, height = 36 }: { values: number[]; label: string; width?: number; height?: number }) {
  const top = Math.max(...values, 1);
  const step = width / Math.max(values.length - 1, 1);
  const points = values.map((value, index) => `${(index * step).toFixed(1)},${(height - 1 - (value / top) * (height - 3)).toFixed(1)}`);
  return (
    <svg className={classes['spark']} width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
      {points.length > 1 && <polygon points={`0,${height} ${points.join(' ')} ${width},${height}`} className={classes['area'] ?? ''} />}
      {points.length > 1 && <polyline points={points.join(' ')} className={classes['line'] ?? ''} />}
    </svg>
  );
}
