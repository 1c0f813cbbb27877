//! The priority of the sound card's callback.

/// Puts the callback's thread before ordinary ones, where that is allowed, so that training does not
/// starve the sound. Elsewhere the system does that itself.
#[cfg(target_os = "linux")]
pub fn hurry() {
    use thread_priority::unix::{
        RealtimeThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy,
        thread_native_id,
    };
    use thread_priority::{ThreadPriority, ThreadPriorityValue};
    // Below the scheduler of notes, which needs far less time.
    for level in [60u8, 4] {
        let Ok(value) = ThreadPriorityValue::try_from(level) else {
            continue;
        };
        let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo);
        let priority = ThreadPriority::Crossplatform(value);
        if set_thread_priority_and_policy(thread_native_id(), priority, policy).is_ok() {
            return;
        }
    }
}

/// Nothing: this system hurries the thread itself.
#[cfg(not(target_os = "linux"))]
pub fn hurry() {}
