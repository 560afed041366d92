import { byHostSpecificity, hostsOverlap } from '../../model/hosts.ts';
