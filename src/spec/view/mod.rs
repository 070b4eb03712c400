//! Typed read access to a spec, for every era of its format.
//!
//! A view borrows the document and decides nothing: what is absent, null or of another type is
//! `None` or empty, and old and new spellings of the same thing (`policies` and `policy`, dedicated
//! CPUs in `cpuset` and in `pcpuset`) answer the same question.
//!
//! - [`SpecView`]: the spec itself. - `hardware`: flavor, image, NUMA, PCI. - `placement`: group,
//!   destination, limits, retry, and what else steers one request.
//!
//! Imports [`super::document`] and [`super::schema`]; no I/O.

mod hardware;
mod placement;
mod read;

pub use hardware::{FlavorView, ImageView, NumaCellView, NumaTopologyView, PciRequestView};
pub use placement::{
    DestinationView, GroupView, LimitsView, NetworkMetadataView, RequestLevelParamsView, ResourceGroupView,
    RetryView,
};

use std::borrow::Cow;

use super::document::Document;
use read::{Read, views};

views! {
    /// A whole spec.
    SpecView {
        /// Project that owns the instance.
        project_id: text,
        /// User that booted it; absent before nova 18.
        user_id: text,
        /// Zone asked for.
        availability_zone: text,
        /// The instance; the row's column wins over it.
        instance_uuid: text,
        /// Size of the batch it was booted in.
        num_instances: integer,
        /// Whether it boots from a volume; absent before nova 18.
        is_bfv: boolean,
        /// Hosts to leave out.
        ignore_hosts: texts,
        /// Hosts forced by an administrator.
        force_hosts: texts,
        /// Nodes forced by an administrator.
        force_nodes: texts,
    }
}

impl<'a> SpecView<'a> {
    /// The view of a document. A root that is no spec gives a view without fields.
    pub fn of(document: &'a Document) -> Self {
        Self { node: document.root() }
    }

    /// The embedded flavor.
    pub fn flavor(&self) -> Option<FlavorView<'a>> {
        self.node.object("flavor").map(FlavorView::new)
    }

    /// The embedded image.
    pub fn image(&self) -> Option<ImageView<'a>> {
        self.node.object("image").map(ImageView::new)
    }

    /// Guest NUMA nodes.
    pub fn numa_topology(&self) -> Option<NumaTopologyView<'a>> {
        self.node.object("numa_topology").map(NumaTopologyView::new)
    }

    /// PCI devices asked for; empty where there are none.
    pub fn pci_requests(&self) -> Vec<PciRequestView<'a>> {
        let requests = self.node.object("pci_requests");
        requests.map(|requests| requests.objects("requests")).unwrap_or_default().map(PciRequestView::new)
    }

    /// The server group.
    pub fn instance_group(&self) -> Option<GroupView<'a>> {
        self.node.object("instance_group").map(GroupView::new)
    }

    /// Every hint with its values. A value that is no list, which nova would take apart letter by
    /// letter, comes as one value.
    pub fn scheduler_hints(&self) -> Vec<(Cow<'a, str>, Vec<Cow<'a, str>>)> {
        let Some(hints) = self.node.field("scheduler_hints") else { return Vec::new() };
        hints.children().filter_map(|hint| Some((hint.key()?, read::texts_of(hint)))).collect()
    }

    /// The values of one hint.
    pub fn hint(&self, name: &str) -> Vec<Cow<'a, str>> {
        let hint = self.node.field("scheduler_hints").and_then(|hints| hints.get(name));
        hint.map(read::texts_of).unwrap_or_default()
    }

    /// Limits of the chosen host.
    pub fn limits(&self) -> Option<LimitsView<'a>> {
        self.node.object("limits").map(LimitsView::new)
    }

    /// Attempts of one request; left over in rows of nova 13 to 17.
    pub fn retry(&self) -> Option<RetryView<'a>> {
        self.node.object("retry").map(RetryView::new)
    }

    /// Host, cell or aggregates asked for; left over in rows of nova 14 to 18.
    pub fn requested_destination(&self) -> Option<DestinationView<'a>> {
        self.node.object("requested_destination").map(DestinationView::new)
    }

    /// Security groups asked for, by name or uuid.
    pub fn security_groups(&self) -> Vec<Cow<'a, str>> {
        let list =
            self.node.object("security_groups").map(|list| list.objects("objects")).unwrap_or_default();
        list.iter().filter_map(|group| group.text("name").or_else(|| group.text("uuid"))).collect()
    }

    /// Physical networks of one request.
    pub fn network_metadata(&self) -> Option<NetworkMetadataView<'a>> {
        self.node.object("network_metadata").map(NetworkMetadataView::new)
    }

    /// Resource groups of one request.
    pub fn requested_resources(&self) -> Vec<ResourceGroupView<'a>> {
        self.node.objects("requested_resources").map(ResourceGroupView::new)
    }

    /// Parameters of the whole placement query of one request.
    pub fn request_level_params(&self) -> Option<RequestLevelParamsView<'a>> {
        self.node.object("request_level_params").map(RequestLevelParamsView::new)
    }

    /// Networks asked for at boot, by network or port id.
    pub fn requested_networks(&self) -> Vec<Cow<'a, str>> {
        let list =
            self.node.object("requested_networks").map(|list| list.objects("objects")).unwrap_or_default();
        list.iter().filter_map(|one| one.text("network_id").or_else(|| one.text("port_id"))).collect()
    }
}

#[cfg(test)]
mod tests;
