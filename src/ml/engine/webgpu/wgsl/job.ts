/**
 * A job: one kernel's function, and how many workgroups run it. Jobs that do not wait for each other share a dispatch
 * (../module.ts): each gets a stretch of its workgroups.
 */
export interface Job {
  /** Workgroups of `lanes` invocations. */
  readonly groups: number;
  /** vec4f of workgroup memory it uses. */
  readonly shared: number;
  /**
   * A WGSL function of this name: fn NAME(group: u32, lane: u32, step: u32). `group` counts from 0 within the job;
   * `step` counts steps within the call. Barriers must not depend on what is read from memory.
   */
  readonly source: (name: string) => string;
}
