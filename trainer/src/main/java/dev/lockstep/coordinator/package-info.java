/**
 * The coordinator: adds up what the workers send, applies the optimizer, hands back parameters, and
 * decides what comes next. {@link dev.lockstep.coordinator.Progression} decides, {@link
 * dev.lockstep.coordinator.GradientUpdate} and {@link dev.lockstep.coordinator.ParameterAverage} do
 * the arithmetic ({@link dev.lockstep.coordinator.Reduction} adds up what comes from other JVMs
 * while it comes), {@link dev.lockstep.coordinator.SharedMemoryCoordinator} brings the workers of
 * one JVM together, and a {@link dev.lockstep.coordinator.TrainingState} is all that a training
 * starts from, at its beginning or anywhere between two rounds. May import every package listed
 * before it in the house: {@code random}, {@code yaml}, {@code data}, {@code split}, {@code
 * optimizer}, {@code network}, {@code engine}, {@code metrics}.
 */
package dev.lockstep.coordinator;
