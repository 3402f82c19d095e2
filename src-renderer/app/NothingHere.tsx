// An address nothing answers to.
import { IconMapPinOff } from '@tabler/icons-react';
import { Link } from 'wouter';
import { EmptyState } from '../ui/EmptyState.tsx';
import { PageHead } from '../ui/Page.tsx';

export function NothingHere() {
  return (
    <>
      <PageHead icon={<IconMapPinOff size={18} />} title="Nothing is here" documentTitle="Nothing is here" />
      <EmptyState icon={<IconMapPinOff size={32} stroke={1.4} />} title="This address belongs to no object of this server. It may have been deleted for good.">
        <Link href="/">Go to Home</Link>
      </EmptyState>
    </>
  );
}
