/**
 * What is shown of a training, a cross-validation or a comparison: the value {@link
 * dev.lockstep.report.Report}, and its forms: a web page in one file, its data as JSON, curves as
 * PNG, and event files for TensorBoard. May import every package of the trainer but {@code config}.
 */
package dev.lockstep.report;
