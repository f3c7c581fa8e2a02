/** Columns that many tables have. */
import { p } from '@mikro-orm/core';

export const time = () => p.datetime(6);
export const seq = () => p.bigint('number').primary().autoincrement();
