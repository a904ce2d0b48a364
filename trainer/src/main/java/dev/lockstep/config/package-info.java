/**
 * The configuration of a training: the file that a user writes, read strictly, with what the
 * command line puts over it. May import every other package of the trainer; none imports it.
 */
package dev.lockstep.config;
