// A name elided in its middle, so that what tells two long names apart (their ends) stays readable.
import classes from './MiddleText.module.css';

const tailLength = 8;

export function MiddleText({ text }: { text: string }) {
  if (text.length <= 2 * tailLength) return <span className={classes['whole']} title={text}>{text}</span>;
  return (
    <span className={classes['middle']} title={text}>
      <span className="offscreen">{text}</span>
      <span className={classes['head']} aria-hidden>{text.slice(0, -tailLength)}</span>
      <span className={classes['tail']} aria-hidden>{text.slice(-tailLength)}</span>
    </span>
  );
}
