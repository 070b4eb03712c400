//! The rows: a spec that nova wrote, with another instance and other hints in each.

use std::sync::Arc;

pub struct Spec {
    pub id: i64,
    pub uuid: Arc<str>,
    pub before: Arc<str>,
    pub after: Arc<str>,
}

pub struct Rows {
    pub list: Vec<Spec>,
}

impl Rows {
    pub fn new(count: usize) -> Self {
        let sample = include_str!("../../tests/support/spec.json");
        let spec = |number: usize| {
            // As random ones, they come in no order.
            let noise =
                |salt: u64| (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17) ^ salt;
            let uuid = format!("{:08x}-0000-4000-8000-{number:012x}", noise(0) as u32);
            let hints: String =
                (0..70).map(|at| format!("{:016x}", noise(at).wrapping_mul(at | 1))).collect();
            let text = sample.replace("3ba1be6a-959f-4f8e-b851-632ac19fde8a", &uuid).replace(
                "\"scheduler_hints\": {}",
                &format!("\"scheduler_hints\": {{\"bench\": [\"{hints}\"]}}"),
            );
            let zone = |zone: &str| {
                let edited = text
                    .replace("\"availability_zone\": null", &format!("\"availability_zone\": \"{zone}\""));
                assert_ne!(edited, text);
                Arc::<str>::from(edited)
            };
            Spec { id: number as i64 + 1, uuid: uuid.into(), before: zone("az1"), after: zone("az2") }
        };
        Self { list: (0..count).map(spec).collect() }
    }
}
